import { includesZero, type Interval } from "../evaluation/percentile.ts";
import { differenceTo, linearRival, type Evidence } from "./evidence.ts";
import type { Finding, ReportComparison, ReportSystem, Verdict } from "./schema.ts";
import { writeHeadline, writeSentences, writeUnscored } from "./sentences.ts";

/** Largest p-value of a difference that is taken for one. */
const SIGNIFICANCE = 0.05;

/** An accuracy whose interval is wider than this says too little to choose by. */
const WIDEST_INTERVAL = 0.1;

/** Seeds of one student that lie further apart than this did not all train well. */
const WIDEST_SEEDS = 0.1;

/**
 * Judges a run by fixed rules on the figures of its report, and says it in sentences.
 *
 * - *helped*: the interval of student minus hard-label control lies above 0 and McNemar's p is below 0.05; *hurt*: the
 *   interval lies below 0 and p is below 0.05; else *within noise*, or *did not help* where the difference is not even
 *   positive.
 * - *above*, *equal to* or *below the teacher*: where the interval of their difference lies.
 * - *ship linear*: the better of the linear models, on the labels or on the teacher's, is ahead of the student or within
 *   noise of it.
 * - *too few texts*: the interval of the student's accuracy is wider than 10 points.
 * - *seeds differ*: the student's seeds lie more than 10 points apart.
 */
export function passVerdict(evidence: Evidence): Verdict {
  const student = chooseStudent(evidence);
  const comparison = evidence.comparisons.find((one) => one.student === student?.name);
  if (student === null || comparison === undefined) return withoutScores(evidence, student);
  const findings = findFacts(student, comparison);
  const judged = { evidence, student, comparison, findings };
  return {
    student: student.name,
    helped: hasHelped(findings),
    findings: [...findings],
    headline: writeHeadline(judged),
    gain: differenceTo(comparison, comparison.control),
    gapClosed: comparison.gapClosed,
    pValue: comparison.mcnemar?.pValue ?? null,
    sentences: writeSentences(judged),
  };
}

/** The rules: which findings hold for a student. */
function findFacts(student: ReportSystem, comparison: ReportComparison): Finding[] {
  const { accuracy } = student.metrics;
  if (accuracy === null) return ["no-labels"];
  const findings = [
    judgeGain(differenceTo(comparison, comparison.control), comparison.mcnemar?.pValue ?? 1),
    judgeAgainstTeacher(differenceTo(comparison, "teacher")),
    judgeAgainstLinear(linearRival(comparison)?.difference ?? null),
    width(accuracy) > WIDEST_INTERVAL ? ("too-few-texts" as const) : null,
    seedRange(student) > WIDEST_SEEDS ? ("seeds-differ" as const) : null,
  ];
  return findings.filter((finding) => finding !== null);
}

/** Whether the difference to a hard-label control shows that distillation helped. */
export function judgeGain(gain: Interval | null, pValue: number): Finding {
  if (gain === null) return "no-control";
  const certain = !includesZero(gain) && pValue < SIGNIFICANCE;
  if (certain) return gain.value > 0 ? "helped" : "hurt";
  return gain.value > 0 ? "within-noise" : "did-not-help";
}

function judgeAgainstTeacher(difference: Interval | null): Finding | null {
  if (difference === null) return null;
  if (includesZero(difference)) return "equal-to-teacher";
  return difference.value > 0 ? "above-teacher" : "below-teacher";
}

function judgeAgainstLinear(difference: Interval | null): Finding | null {
  if (difference === null) return null;
  return includesZero(difference) || difference.value < 0 ? "ship-linear" : "linear-behind";
}

/** The student with the best mean validation score, the first of equals: no test label chooses it. */
function chooseStudent({ systems, training }: Evidence): ReportSystem | null {
  const students = systems.filter(({ role }) => role === "student");
  const score = ({ name }: ReportSystem): number => {
    const scores = training.runs
      .filter(({ variant }) => variant === name)
      .map(({ validationScore }) => validationScore ?? -Infinity);
    return scores.reduce((sum, value) => sum + value, 0) / scores.length;
  };
  return students.reduce<ReportSystem | null>(
    (best, student) => (best === null || score(student) > score(best) ? student : best),
    null,
  );
}

function hasHelped(findings: readonly Finding[]): boolean | null {
  if (findings.includes("helped")) return true;
  const unknown: Finding[] = ["no-labels", "no-control"];
  if (unknown.some((finding) => findings.includes(finding))) return null;
  if (findings.includes("too-few-texts") && !findings.includes("hurt")) return null;
  return false;
}

function withoutScores(evidence: Evidence, student: ReportSystem | null): Verdict {
  return {
    student: student?.name ?? null,
    helped: null,
    findings: ["no-labels"],
    headline: "Nothing could be scored.",
    gain: null,
    gapClosed: { value: null, reason: "nothing was scored" },
    pValue: null,
    sentences: writeUnscored(evidence, student),
  };
}

function width({ low, high }: Interval): number {
  return low === null || high === null ? 0 : high - low;
}

function seedRange({ seeds }: ReportSystem): number {
  const values = seeds.flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy]));
  return values.length === 0 ? 0 : Math.max(...values) - Math.min(...values);
}
