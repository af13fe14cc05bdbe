import type { LabelStore } from "../labels/label-store.ts";
import type { LabellingResult } from "../labels/label-texts.ts";
import type { CalibrationDetails, IdentifiedText, LabelDetails, Teacher } from "../types.ts";
import { listReasons, unansweredTexts } from "./teacher-answers.ts";

/** A teacher must answer each text or say why not; one that does neither has a gap for which there is a word too. */
export function countUnexplained(
  { setAside }: LabellingResult,
  store: LabelStore,
  texts: readonly IdentifiedText[],
): void {
  const explained = unansweredTexts(setAside);
  const unexplained = store.missing(texts.map(({ id }) => id)).length - explained;
  if (unexplained > 0) setAside["without a word from the teacher"] = unexplained;
}

/** How much of the texts has an answer, where not all have one. */
export function warnOfGaps({ setAside }: LabellingResult, texts: number): string[] {
  const gaps = unansweredTexts(setAside);
  if (gaps === 0) return [];
  const share = `${((100 * (texts - gaps)) / texts).toFixed(1)} %`;
  return [
    `The teacher answered ${count(texts - gaps)} of ${count(texts)} texts (${share}); the others: ${listReasons(setAside)}.`,
  ];
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** What the label stage has done. */
export interface Labelled {
  teacher: Teacher;
  kind: string;
  store: LabelStore;
  texts: number;
  result: LabellingResult;
  calibration: CalibrationDetails | null;
  warnings: readonly string[];
}

/** The details of the label stage's manifest. */
export function describeLabels({
  teacher,
  kind,
  store,
  texts,
  result,
  calibration,
  warnings,
}: Labelled): LabelDetails {
  const { digest, labels, parameters, bytes, maxLength, facts } = teacher;
  const missing = unansweredTexts(result.setAside);
  return {
    teacher: {
      kind,
      digest,
      store: store.root,
      labels: [...labels],
      parameters,
      bytes,
      maxLength,
      facts,
      plan: teacher.plan ?? "free",
      provider: teacher.provider ?? null,
    },
    texts,
    computed: result.computed,
    reused: texts - result.computed - missing,
    missing: result.setAside,
    calibration,
    notes: [...store.notes, ...warnings],
  };
}

/** One line for the end of the stage. */
export function summarizeLabels(details: LabelDetails, seconds: number): string {
  const { texts, computed, reused, teacher, missing, calibration } = details;
  const gaps = unansweredTexts(missing);
  const rate = count(Math.round(computed / Math.max(seconds, 1e-3)));
  const kept = reused > 0 ? `, ${count(reused)} found in the label store` : "";
  const what =
    computed === 0
      ? `${count(texts)} texts, ${gaps === 0 ? "all" : count(reused)} found in the label store`
      : `${count(computed)} texts labelled at ${rate} texts/s${kept}`;
  const about = teacher.facts["summary"];
  return [
    what,
    gaps === 0 ? null : `${count(gaps)} left unanswered`,
    typeof about === "string" ? about : null,
    calibration &&
      `temperature ${calibration.temperature.toFixed(2)}: ECE ${percent(calibration.before.ece)} → ${percent(calibration.after.ece)} on ${count(calibration.texts)} held-out texts`,
  ]
    .filter((part) => part !== null)
    .join("; ");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
