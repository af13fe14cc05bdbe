import { includesZero, type Interval } from "../evaluation/percentile.ts";
import {
  differenceTo,
  findSystem,
  linearRival,
  shippedBytes,
  type Evidence,
  type StudentEvidence,
} from "./evidence.ts";
import * as format from "./format.ts";
import type { Finding, ReportSystem } from "./schema.ts";

const { percent, points, signedPoints, count } = format;

/** A heading of a few words that promises nothing that the sentences do not hold. */
export function writeHeadline({ comparison, findings }: StudentEvidence): string {
  const has = (finding: Finding): boolean => findings.includes(finding);
  const gain = differenceTo(comparison, comparison.control);
  const teacher = differenceTo(comparison, "teacher");
  if (has("no-labels")) return "Accuracy is unknown: no test text has a label.";
  if (has("hurt")) return `Distillation hurt: ${points(gain?.value ?? 0)} lost.`;
  if (has("too-few-texts") && !has("helped")) return "Too few test texts to tell.";
  if (has("within-noise")) return "Distillation's gain is within noise.";
  if (has("did-not-help")) return "Distillation did not help.";
  if (teacher === null) {
    if (has("no-control")) return "The student stands alone: no teacher, no control.";
    return has("ship-linear")
      ? "Distillation helped, but a linear model does as well."
      : "Distillation helped.";
  }
  const place = has("below-teacher")
    ? `stays ${points(teacher.value)} below its teacher`
    : has("above-teacher")
      ? `beats its teacher by ${points(teacher.value)}`
      : "equals its teacher";
  if (has("no-control")) return `The student ${place}.`;
  if (has("ship-linear")) return "Distillation helped, but a linear model does as well.";
  return `Distillation helped, and the student ${place}.`.replace(
    "and the student stays",
    "but the student stays",
  );
}

/** The verdict in sentences; every figure in them stands in the report. */
export function writeSentences(judged: StudentEvidence): string[] {
  const { evidence, student, findings } = judged;
  if (findings.includes("no-labels")) {
    return [describeAgreement(evidence, student), describeCost(evidence, student)].filter(isKnown);
  }
  return [
    describeScores(judged),
    describeCost(evidence, student),
    describeGain(judged),
    describeLinear(judged),
    describeOthers(evidence, student),
    ...describeDoubts(judged),
  ].filter(isKnown);
}

/** What can be said without any test text. */
export function writeUnscored(evidence: Evidence, student: ReportSystem | null): string[] {
  const none = "There are no test texts, so nothing could be scored.";
  return [none, student && describeCost(evidence, student)].filter(isKnown);
}

function isKnown(sentence: string | null): sentence is string {
  return sentence !== null;
}

function describeScores({ evidence, student, comparison, findings }: StudentEvidence): string {
  const accuracy = student.metrics.accuracy!;
  const teacher = findSystem(evidence, "teacher")?.metrics.accuracy;
  const difference = differenceTo(comparison, "teacher");
  const seeds = student.seeds.length > 1 ? ` (mean of ${student.seeds.length} seeds)` : "";
  const scores = `${student.name} gets ${percent(accuracy.value)} of ${count(evidence.method.texts)} test texts right${seeds}`;
  const controls = listControls(evidence, student);
  const beside = controls === "" ? "" : `; ${controls}`;
  if (!teacher || !difference) return `${scores}${beside}.`;
  const theirs = percent(teacher.value);
  const place = findings.includes("equal-to-teacher")
    ? `level with its teacher's ${theirs} (${interval(difference, evidence)})`
    : difference.value > 0
      ? `${points(difference.value)} above its teacher's ${theirs}`
      : `${points(difference.value)} below its teacher's ${theirs}`;
  return `${scores}, ${place}${beside}.`;
}

function listControls(evidence: Evidence, student: ReportSystem): string {
  const budget = count(evidence.data.budget);
  const said: [string, string][] = [
    [`${student.name}-hard-label`, `the same student on the ${budget} hard labels alone`],
    ["linear-labels", "a linear model on those labels"],
    ["linear-teacher", "a linear model on the teacher's labels"],
    ["majority", "the commonest class"],
  ];
  const known = said.flatMap(([name, words]) => {
    const accuracy = findSystem(evidence, name)?.metrics.accuracy;
    return accuracy ? [{ words, score: percent(accuracy.value) }] : [];
  });
  // Only the first has a verb: "the same student alone gets 66.8 %, a linear model 66.6 %".
  return known
    .map(({ words, score }, index) => `${words} ${index === 0 ? "gets " : ""}${score}`)
    .join(", ");
}

function describeCost(evidence: Evidence, student: ReportSystem): string | null {
  const teacher = findSystem(evidence, "teacher");
  if (teacher === null) return null;
  const [ours, theirs] = [shippedBytes(student), shippedBytes(teacher)];
  const size =
    ours !== null && theirs !== null && ours > 0
      ? `takes ${format.bytes(ours)} instead of ${format.bytes(theirs)} (${relation(theirs / ours, "smaller", "larger")})`
      : null;
  const [mine, others] = [student.speed?.p50Ms, teacher.speed?.p50Ms];
  const speed =
    mine !== undefined && others !== undefined && mine > 0
      ? `answers a text in ${format.milliseconds(mine)} instead of ${format.milliseconds(others)} ` +
        `(${relation(others / mine, "faster", "slower")}; median on one thread, tokenization included)`
      : null;
  const facts = [size, speed].filter(isKnown);
  return facts.length === 0 ? null : `${student.name} ${facts.join(" and ")}.`;
}

/** `9.4× smaller`, or plainly `1.3× larger` where it went the wrong way. */
function relation(ratio: number, better: string, worse: string): string {
  return ratio >= 1 ? `${format.times(ratio)} ${better}` : `${format.times(1 / ratio)} ${worse}`;
}

function describeGain({ evidence, comparison, findings }: StudentEvidence): string | null {
  const gain = differenceTo(comparison, comparison.control);
  if (gain === null) {
    return "Whether distillation helped is unknown: there is no hard-label control.";
  }
  const p = comparison.mcnemar ? `, McNemar ${format.pValue(comparison.mcnemar.pValue)}` : "";
  const proof = `(${interval(gain, evidence)}${p})`;
  if (findings.includes("helped")) {
    const { gapClosed } = comparison;
    const closed =
      gapClosed.value === null
        ? `; the share of the gap closed is not defined, since ${gapClosed.reason}`
        : ` and closed ${percent(gapClosed.value, 0)} of the gap to the teacher`;
    return `Distillation gained ${points(gain.value)} over training on the hard labels alone ${proof}${closed}.`;
  }
  if (findings.includes("hurt")) {
    return `Distillation hurt: the same student on the hard labels alone is ${points(gain.value)} better ${proof}. Use those.`;
  }
  if (findings.includes("did-not-help")) {
    return `Distillation did not help: ${signedPoints(gain.value)} points against the hard labels alone ${proof}.`;
  }
  return `Distillation's gain of ${points(gain.value)} over the hard labels alone is within noise ${proof}.`;
}

function describeLinear(judged: StudentEvidence): string | null {
  const { evidence, student, comparison, findings } = judged;
  const rival = linearRival(comparison);
  const linear = rival && findSystem(evidence, rival.name);
  if (!rival || !linear) return null;
  const { difference } = rival;
  const bytes = shippedBytes(linear);
  const size = bytes === null ? "" : `, in ${format.bytes(bytes)}`;
  const learned =
    rival.name === "linear-teacher" ? "the teacher's labels" : "the gold labels alone";
  const name = `A linear model on ${learned}`;
  const proof = interval(difference, evidence);
  if (findings.includes("linear-behind")) {
    return `${name} stays ${points(difference.value)} behind (${proof})${size}.`;
  }
  if (!includesZero(difference)) {
    return `${name} beats ${student.name} by ${points(difference.value)} (${proof})${size}: ship that one.`;
  }
  return `${name} cannot be told apart from ${student.name} (${proof})${size}${adviseLinear(judged, bytes)}.`;
}

/** What to do about a linear model that is as good: where the test texts are too few, nothing yet. */
function adviseLinear({ student, findings }: StudentEvidence, bytes: number | null): string {
  if (findings.includes("too-few-texts")) return "";
  const ours = shippedBytes(student);
  if (bytes !== null && ours !== null && bytes > ours) {
    return `: it is the simpler one to ship, unless ${format.bytes(ours)} against ${format.bytes(bytes)} matters`;
  }
  return ": ship that one";
}

function describeOthers(evidence: Evidence, student: ReportSystem): string | null {
  const others = evidence.systems.filter((one) => one.role === "student" && one !== student);
  const parts = others.map((other) => {
    const accuracy = other.metrics.accuracy;
    const bytes = shippedBytes(other);
    return [
      `${other.name} gets ${accuracy ? percent(accuracy.value) : "no score"}`,
      bytes === null ? null : `takes ${format.bytes(bytes)}`,
      other.speed ? `answers in ${format.milliseconds(other.speed.p50Ms)}` : null,
    ]
      .filter(isKnown)
      .join(", ");
  });
  return parts.length === 0 ? null : `Beside it, ${parts.join("; ")}.`;
}

function describeDoubts({ evidence, student, findings }: StudentEvidence): string[] {
  const doubts: string[] = [];
  const { low, high } = student.metrics.accuracy!;
  if (findings.includes("too-few-texts") && low !== null && high !== null) {
    doubts.push(
      `${count(evidence.method.texts)} test texts are too few to tell: the accuracy may be anything from ` +
        `${percent(low)} to ${percent(high)}. Label more before deciding.`,
    );
  }
  if (findings.includes("seeds-differ")) {
    const values = student.seeds.map(({ accuracy }) => accuracy!);
    doubts.push(
      `The seeds differ widely, from ${percent(Math.min(...values))} to ${percent(Math.max(...values))}: ` +
        "not every training went well. The validation score chose the one that is exported.",
    );
  }
  return doubts;
}

function describeAgreement(evidence: Evidence, student: ReportSystem): string {
  const unknown = "No test text has a label, so accuracy is unknown";
  const { agreement } = student.metrics;
  if (agreement === null) return `${unknown}.`;
  const texts = count(evidence.method.texts);
  return `${unknown}; ${student.name} agrees with its teacher on ${percent(agreement.value)} of ${texts} test texts.`;
}

/** `95 % interval +17.0 to +19.8`, in points. */
function interval({ low, high }: Interval, { method }: Evidence): string {
  if (low === null || high === null) return "no interval";
  return `${percent(method.confidence, 0)} interval ${signedPoints(low)} to ${signedPoints(high)}`;
}
