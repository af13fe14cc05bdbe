import { readLabels, type Labels } from "../labels/read-logits.ts";
import { reorderColumns } from "../labels/reorder-columns.ts";
import { LimbeckError } from "../errors.ts";
import { applyCalibration } from "../math/calibration.ts";
import type { LabelDetails } from "../types.ts";

export interface AnswersOptions {
  label: Pick<LabelDetails, "teacher" | "missing"> & Partial<Pick<LabelDetails, "calibration">>;
  /** The data's classes: the order of the columns. */
  classes: readonly string[];
  ids: readonly string[];
  /** Whether the run's calibration is applied. Default true. */
  calibrated?: boolean;
}

/**
 * The teacher's logits as a run uses them, in train and in evaluate: read from its label store by id, calibrated where
 * the recipe asks for it, columns in the order of the data's classes.
 *
 * @returns `[N, C]` in the order of the ids, and which of them the teacher left unanswered
 * @throws LimbeckError `E_STORE` where labels are missing that the label stage had.
 */
export async function readAnswers({
  label,
  classes,
  ids,
  calibrated = true,
}: AnswersOptions): Promise<Labels> {
  const { store, labels } = label.teacher;
  const { logits, missing } = await readLabels(store, ids);
  requireKnownGaps(label, missing.length, store);
  const { calibration } = label;
  const applied =
    calibrated && calibration
      ? applyCalibration(logits, {
          temperature: calibration.temperature,
          bias: calibration.bias && Float64Array.from(calibration.bias),
        })
      : logits;
  return { logits: reorderColumns(applied, labels, classes), missing };
}

/** More gaps than the label stage left mean that the store has lost labels since. */
function requireKnownGaps(
  { missing }: Pick<LabelDetails, "missing">,
  found: number,
  store: string,
): void {
  const left = unansweredTexts(missing);
  if (found <= left) return;
  throw new LimbeckError(
    "E_STORE",
    `Expected at most ${left} texts without labels in ${store}, got ${found}: labels were lost since. ` +
      "Label the texts again: limbeck run RECIPE --from label.",
  );
}

/** How many texts the teacher left unanswered. */
export function unansweredTexts(missing: LabelDetails["missing"]): number {
  return Object.values(missing).reduce((sum, texts) => sum + texts, 0);
}

/** `12 not in labels.csv, 3 refused by the server`: the commonest reason first. */
export function listReasons(missing: LabelDetails["missing"]): string {
  return Object.entries(missing)
    .sort(([, one], [, other]) => other - one)
    .map(([reason, texts]) => `${texts.toLocaleString("en-US")} ${reason}`)
    .join(", ");
}
