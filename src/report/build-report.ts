import { exportedRun } from "../evaluation/exported-seed.ts";
import type { Scores, SystemScores } from "../evaluation/scores.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { CalibrationDetails } from "../types.ts";
import type { Evidence } from "./evidence.ts";
import { chooseExample } from "./example-text.ts";
import type { SystemSpeed } from "../bundle/speed.ts";
import type { RunFiles } from "./run-files.ts";
import {
  reportSchema,
  type LimbeckReport,
  type ReportCalibration,
  type ReportSystem,
} from "./schema.ts";
import { trainingSettings } from "./training-settings.ts";
import { passVerdict } from "./verdict.ts";

/** Puts together what the stages left and passes the verdict on it. */
export function buildReport(recipe: Recipe, files: RunFiles): LimbeckReport {
  const { scores, manifests } = files;
  const evidence: Evidence = {
    schema: "limbeck.report/1",
    name: recipe.name,
    finishedAt: manifests.others.find(({ stage }) => stage === "evaluate")?.finishedAt ?? null,
    recipe: { ...recipe },
    environment: files.environment,
    data: describeData(files),
    teacher: describeTeacher(files),
    training: describeTraining(files),
    method: { texts: scores.test.texts, ...scores.method },
    systems: scores.systems.map((system) => describeSystem(system, files)),
    comparisons: scores.comparisons.map(keepComparison),
    details: scores.systems
      .filter(({ role, perClass }) => role === "student" && perClass.length > 0)
      .map(({ name, exportedSeed, perClass, confusions }) => ({
        student: name,
        seed: exportedSeed,
        perClass,
        confusions,
      })),
    reliability: scores.systems
      .filter(({ reliability }) => reliability.length > 0)
      .map(({ name, reliability }) => ({ system: name, bins: reliability })),
    parity: [...files.parities].map(([system, { split, texts, largestDifference, tolerance }]) => ({
      system,
      split,
      texts,
      largestDifference,
      tolerance,
    })),
    stages: describeStages(files),
    notes: [
      ...manifests.prepare.details.notes,
      ...manifests.label.details.notes,
      ...manifests.train.details.notes,
      ...scores.notes,
    ],
  };
  return reportSchema.parse({ ...evidence, verdict: passVerdict(evidence) });
}

function describeData({ manifests, scores, testTexts }: RunFiles): Evidence["data"] {
  const { classes, rows, validation, budget, counts, columns } = manifests.prepare.details;
  const { read, duplicates, alsoInEvaluation, empty, truncated } = counts;
  return {
    classes,
    rows,
    testLabels: scores.test.labelled,
    testUnanswered: scores.test.unanswered,
    validation,
    budget,
    counts: { read, duplicates, alsoInEvaluation, empty, truncated },
    columns,
    example: chooseExample(testTexts.map(({ text }) => text)),
  };
}

function describeTeacher({ manifests, scores }: RunFiles): Evidence["teacher"] {
  const { teacher, texts, missing, calibration } = manifests.label.details;
  const { kind, digest, maxLength, facts } = teacher;
  return {
    ...{ kind, digest, maxLength, facts },
    coverage: { texts, unanswered: missing },
    calibration: calibration && keepCalibration(calibration, scores.calibration),
  };
}

function keepCalibration(
  { method, temperature, bias, fittedOn, texts, before, after }: CalibrationDetails,
  test: Scores["calibration"],
): ReportCalibration {
  return { method, temperature, bias, fittedOn, texts, heldOut: { before, after }, test };
}

function describeTraining({ manifests, curves }: RunFiles): Evidence["training"] {
  const { runs, vocabulary, embeddings } = manifests.train.details;
  return {
    vocabulary,
    embeddings,
    settings:
      trainingSettings.safeParse(runs.find(({ role }) => role === "student")?.options).data ?? null,
    runs: runs.map(({ variant, seed, steps, epochs, bestStep, validationScore, seconds }) => ({
      ...{ variant, seed, steps, epochs, bestStep, validationScore, seconds },
    })),
    curves: curves
      .filter(({ points }) => points.length > 0)
      .map(({ run, points }) => ({ system: run.variant, role: run.role, seed: run.seed, points })),
  };
}

function describeStages({ manifests }: RunFiles): Evidence["stages"] {
  const { prepare, label, train, others } = manifests;
  return [prepare, label, train, ...others].map(({ stage, seconds, digest, finishedAt }) => ({
    ...{ stage, seconds, digest, finishedAt },
  }));
}

function keepComparison(
  comparison: Scores["comparisons"][number],
): Evidence["comparisons"][number] {
  const entries = Object.entries(comparison.differences).map(([name, differences]) => {
    const { accuracy, macroF1, agreement } = differences;
    return [name, { accuracy, macroF1, agreement }] as const;
  });
  return { ...comparison, differences: Object.fromEntries(entries) };
}

function describeSystem(system: SystemScores, files: RunFiles): ReportSystem {
  const { name, role, kind, variant, targets, seeds, measures } = system;
  return {
    ...{ name, role, kind, variant, targets },
    seeds: seeds.map(({ seed, measures: { accuracy, agreement } }) => ({
      ...{ seed, accuracy, agreement },
    })),
    metrics: measures,
    size: measureSize(system, files),
    speed: describeSpeed(files.speeds.get(name)),
  };
}

function measureSize(
  { name, role, variant }: SystemScores,
  { speeds, manifests, controlBytes }: RunFiles,
): ReportSystem["size"] {
  const measured = speeds.get(name);
  if (measured) {
    const { parameters, bytes } = measured;
    return { parameters, bytes, sameAsStudent: false };
  }
  if (role === "teacher") {
    const { parameters, bytes } = manifests.label.details.teacher;
    return { parameters, bytes: bytes === null ? {} : { files: bytes }, sameAsStudent: false };
  }
  const runs = manifests.train.details.runs.filter((run) => run.variant === name);
  if (runs.length === 0) return null;
  const { parameters } = exportedRun(runs);
  const student = speeds.get(variant);
  // A hard-label control is its student's graph with other weights.
  if (student) return { parameters, bytes: student.bytes, sameAsStudent: true };
  const files = controlBytes.get(name);
  return {
    parameters,
    bytes: files === undefined ? {} : { files },
    sameAsStudent: false,
  };
}

function describeSpeed(measured: SystemSpeed | undefined): ReportSystem["speed"] {
  if (measured === undefined) return null;
  const { oneText, batch, runtime } = measured;
  return {
    runtime,
    p50Ms: oneText.p50Ms,
    p95Ms: oneText.p95Ms,
    textsPerSecond: oneText.textsPerSecond,
    batchSize: batch.size,
    batchTextsPerSecond: batch.textsPerSecond,
  };
}
