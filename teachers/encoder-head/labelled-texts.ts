import { LimbeckError } from "../../src/errors.ts";
import type { LabelledVectors } from "../../src/math/softmax-regression/loss.ts";
import type { IdentifiedText, LabelledText } from "../../src/types.ts";
import type { VectorSource } from "./vector-source.ts";

/**
 * Holds the labelled texts against what a head needs: some, of two classes or more, at least one of each class.
 *
 * @throws LimbeckError `E_TEACHER` naming what is missing.
 */
export function checkLabelled(
  labelled: readonly LabelledText[],
  classes: readonly string[],
  purpose = "fit the head of the teacher encoder-head",
): void {
  const seen = new Set(labelled.map(({ label }) => label));
  const expect = (expected: string, got: string) =>
    new LimbeckError(
      "E_TEACHER",
      `Expected ${expected} to ${purpose}, got ${got}. ` +
        "Label more texts, or raise data.labelled.",
    );
  if (labelled.length === 0) throw expect("labelled texts", "none");
  if (classes.length < 2) throw expect("two classes or more", String(classes.length));
  const foreign = [...seen].filter(
    (label) => !(Number.isInteger(label) && label >= 0 && label < classes.length),
  );
  if (foreign.length > 0)
    throw expect(`labels from 0 to ${classes.length - 1}`, foreign.join(", "));
  const missing = classes.filter((_, label) => !seen.has(label));
  if (missing.length === 0) return;
  const names = missing.slice(0, 5).join(", ") + (missing.length > 5 ? ", …" : "");
  throw expect(
    `a labelled text of each of the ${classes.length} classes`,
    `none of ${missing.length}: ${names}`,
  );
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that labelling takes
async function* stream(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

/** The labelled texts' vectors, in the order of the texts: joined by id. */
export async function encodeLabelled(
  labelled: readonly LabelledText[],
  encoder: VectorSource,
  size: number,
  signal: AbortSignal,
): Promise<LabelledVectors> {
  const rows = new Map<string, number>();
  const distinct = labelled.filter(({ id }) => !rows.has(id) && rows.set(id, rows.size));
  const byRow = new Float32Array(rows.size * size);
  for await (const { ids, vectors } of encoder.vectors(stream(distinct), signal)) {
    ids.forEach((id, index) => {
      byRow.set(vectors.subarray(index * size, (index + 1) * size), rows.get(id)! * size);
    });
  }
  const vectors = new Float32Array(labelled.length * size);
  labelled.forEach(({ id }, index) => {
    const row = rows.get(id)!;
    vectors.set(byRow.subarray(row * size, (row + 1) * size), index * size);
  });
  return { vectors, labels: Int32Array.from(labelled, ({ label }) => label) };
}
