import { LimbeckError } from "../errors.ts";

/** `parity.json`: the exported file held to the trained student. */
export interface Parity {
  schema: "limbeck.parity/1";
  /** Which texts were compared, and how many. */
  split: string;
  texts: number;
  /** Largest difference of any logit of any text. */
  largestDifference: number;
  tolerance: number;
  /** Where the largest difference lies. */
  text: string | null;
}

/** Answers texts with logits `[N, C]`, row-major, in the order of the texts. */
export interface Answers {
  logits(texts: readonly string[]): Promise<Float32Array>;
}

export interface ParityOptions {
  /** Name of the student, for messages. */
  name: string;
  exported: Answers;
  trained: Answers;
  texts: readonly string[];
  split: string;
  classes: number;
  /** Largest difference of a logit that is let pass. */
  tolerance: number;
}

/**
 * Compares the exported file with the trained student, logit by logit: `max |z_exported − z_trained|` over all texts.
 *
 * @throws LimbeckError `E_EXPORT` where it is above the tolerance or not a number: by how much and on which text.
 */
export async function checkParity(options: ParityOptions): Promise<Parity> {
  const { exported, trained, texts, classes, tolerance, split, name } = options;
  const ours = await exported.logits(texts);
  const theirs = await trained.logits(texts);
  if (ours.length !== theirs.length || ours.length !== texts.length * classes) {
    throw new LimbeckError(
      "E_EXPORT",
      `Expected ${texts.length} × ${classes} logits of the exported ${name}, got ${ours.length} beside ${theirs.length} of the trained one. ${REMEDY}`,
    );
  }
  const worst = largestDifference(ours, theirs);
  const text = texts[Math.floor(worst.place / classes)] ?? null;
  if (!(worst.difference <= tolerance)) {
    throw new LimbeckError(
      "E_EXPORT",
      `Expected the exported ${name} to equal the trained one within ${tolerance}, got a logit that differs by ` +
        `${Number(worst.difference.toPrecision(3))} on the text ${shorten(text)} (${worst.above} of ${texts.length} ${split} texts are affected). ${REMEDY}`,
    );
  }
  return {
    schema: "limbeck.parity/1",
    split,
    texts: texts.length,
    largestDifference: worst.difference,
    tolerance,
    text,
  };

  function largestDifference(
    a: Float32Array,
    b: Float32Array,
  ): { difference: number; place: number; above: number } {
    let difference = 0;
    let place = 0;
    const above = new Set<number>();
    for (let index = 0; index < a.length; index += 1) {
      // Infinities of one sign and NaN give NaN, which no comparison lets through.
      const found = Math.abs(a[index]! - b[index]!);
      if (!(found <= tolerance)) above.add(Math.floor(index / classes));
      if (found > difference || (Number.isNaN(found) && !Number.isNaN(difference))) {
        difference = found;
        place = index;
      }
    }
    return { difference, place, above: above.size };
  }
}

const REMEDY =
  "Nothing was exported. Raise export.tolerance only if so much does no harm; otherwise report this as a bug.";

function shorten(text: string | null): string {
  const characters = Array.from(text ?? "");
  return JSON.stringify(
    characters.length > 80 ? `${characters.slice(0, 80).join("")}…` : characters.join(""),
  );
}
