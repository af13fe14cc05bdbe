import { EngineError } from "../engine/index.ts";
import { LimbeckError } from "../errors.ts";
import type { TrainingSet } from "./training-set.ts";

/** Texts that a message names. */
const MOST_NAMED = 5;
const STUDENT_CURE = "Try a lower train.learningRate or train.clipNorm.";

/** The update that failed. */
export interface FailedStep {
  /** From 1. */
  step: number;
  /** From 0. */
  epoch: number;
  set: TrainingSet;
  /** Rows of the set that the update was made of. */
  rows: readonly number[];
  /** What to try, as a sentence. */
  cure?: string;
}

/**
 * What a user is told where loss or gradients are NaN or infinite: step, epoch, parameter, the texts, and a cure. Texts
 * whose targets are themselves not finite are named alone, since they are the reason.
 */
export function explainStepError(
  thrown: unknown,
  { step, epoch, set, rows, cure = STUDENT_CURE }: FailedStep,
): unknown {
  if (!(thrown instanceof EngineError) || thrown.code !== "E_NONFINITE") return thrown;
  const guilty = rows.filter((row) => !hasFiniteLogits(set, row));
  const named = nameTexts(set, guilty.length > 0 ? guilty : rows);
  const reason =
    guilty.length > 0
      ? `The teacher's logits of these texts are not finite: ${named}. Move this teacher's folder of the label store away and label them again: --from label.`
      : `The texts of this step: ${named}. ${cure}`;
  return new LimbeckError(
    "E_TRAINING",
    `Training stopped at step ${step}, epoch ${epoch + 1}: ${thrown.message} ${reason}`,
    { cause: thrown },
  );
}

function hasFiniteLogits({ logits, classes }: TrainingSet, row: number): boolean {
  return logits?.subarray(row * classes, (row + 1) * classes).every(Number.isFinite) ?? true;
}

/** Ids of some rows, five at most: `a, b, c, d, e and 59 more`. */
function nameTexts({ ids }: TrainingSet, rows: readonly number[]): string {
  const named = rows.slice(0, MOST_NAMED).map((row) => ids[row]!);
  const more = rows.length - named.length;
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
