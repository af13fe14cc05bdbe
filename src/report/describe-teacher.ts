import { count, percent } from "./format.ts";
import type { Evidence } from "./evidence.ts";

type Known = Pick<Evidence, "teacher" | "data">;

/** How many texts the teacher answered and why it left others; null where it answered all. */
export function describeCoverage({ teacher: { coverage }, data }: Known): string | null {
  const reasons = Object.entries(coverage.unanswered).sort(([, one], [, other]) => other - one);
  const unanswered = reasons.reduce((sum, [, texts]) => sum + texts, 0);
  if (unanswered === 0) return null;
  const answered = coverage.texts - unanswered;
  const why = reasons.map(([reason, texts]) => `${count(texts)} ${reason}`).join(", ");
  const test =
    data.testUnanswered === 0 ? "" : `; ${count(data.testUnanswered)} of them are test texts`;
  return (
    `The teacher answered ${count(answered)} of ${count(coverage.texts)} texts ` +
    `(${percent(answered / coverage.texts)}). Without an answer: ${why}${test}.`
  );
}

/** What calibration did to the teacher's confidence, on texts that it was not fitted on; null where there is none. */
export function describeCalibration({
  teacher: { calibration },
}: Pick<Known, "teacher">): string | null {
  if (calibration === null) return null;
  const { temperature, bias, fittedOn, texts, heldOut, test } = calibration;
  const change = ({ before, after }: typeof heldOut): string =>
    `ECE ${percent(before.ece)} before and ${percent(after.ece)} after, NLL ${before.nll.toFixed(3)} and ${after.nll.toFixed(3)}`;
  const gold =
    fittedOn === "validation"
      ? "gold validation texts"
      : "labelled texts by answers that had not seen their labels";
  const measured = test === null ? "" : `; on the test texts ${change(test)}`;
  return (
    `The teacher's logits are divided by a temperature of ${temperature.toFixed(3)}${bias === null ? "" : " and moved by a bias for each class"}, ` +
    `fitted on ${count(texts)} ${gold}. On those, by folds that the fit had not seen: ${change(heldOut)}${measured}.`
  );
}
