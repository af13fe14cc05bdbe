import { LimbeckError } from "../../src/errors.ts";
import type { ZeroShotOptions } from "./options.ts";

/** Where a model's logits say that the sentence follows from the text, and that it does not. */
export interface EntailmentColumns {
  entailment: number;
  /** Read for the margin only. */
  contradiction: number | null;
}

/** The one label that matches; models put them in different orders and write them in different cases. */
function findLabel(labels: readonly string[], pattern: RegExp): number | null {
  const found = [...labels.keys()].filter((index) => pattern.test(labels[index]!.trim()));
  return found.length === 1 ? found[0]! : null;
}

/**
 * Finds the logits of entailment and contradiction by their names.
 *
 * @throws LimbeckError `E_TEACHER` naming the model's labels where there is no such one, or more than one.
 */
export function findEntailment(
  labels: readonly string[],
  { score, folder }: Pick<ZeroShotOptions, "score"> & { folder: string },
): EntailmentColumns {
  const entailment = findLabel(labels, /^entail/i);
  const contradiction = findLabel(labels, /^(contradict|not[ _-]?entail)/i);
  const [wanted, found] =
    entailment === null ? ["entailment", null] : ["contradiction", contradiction];
  if (found !== null || (entailment !== null && score === "entailment"))
    return { entailment: entailment!, contradiction };
  throw new LimbeckError(
    "E_TEACHER",
    `Expected one label ${wanted} in id2label of ${folder}/config.json, got ${labels.join(", ")}. ` +
      "Choose a model for natural language inference (MNLI, XNLI), or name its labels in config.json.",
  );
}

/** What a pair's logits are worth: `z_entailment`, or `z_entailment − z_contradiction`. */
export function pairScore(
  row: Float32Array,
  { entailment, contradiction }: EntailmentColumns,
  score: ZeroShotOptions["score"],
): number {
  return score === "margin" ? row[entailment]! - row[contradiction!]! : row[entailment]!;
}
