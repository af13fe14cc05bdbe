import type { Recipe } from "../recipe/schema.ts";
import type { TrainedRun } from "../types.ts";
import { differences, gapClosed, summarize, type MeasuredSystem } from "./compare.ts";
import { mcnemar } from "./mcnemar.ts";
import { CALIBRATION_BINS, reliabilityBins } from "./metrics/calibration.ts";
import { predictedClasses } from "./metrics/probabilities.ts";
import { judge, measure, type Outcome } from "./outcome.ts";
import { findConfusions, scoreClasses } from "./per-class.ts";
import type { SystemPredictions } from "./predictions.ts";
import { resampleMeasures } from "./resample.ts";
import { MEASURES, type Comparison, type Scores, type SystemScores } from "./scores.ts";
import type { EvaluationSources } from "./sources.ts";
import { hardLabelName, listSystems, type System } from "./systems.ts";
import { compareCalibration, settleTestTexts, type TeacherOnTest } from "./teacher-on-test.ts";
import { readGold } from "./test-texts.ts";

export interface EvaluationOptions {
  sources: EvaluationSources;
  classes: readonly string[];
  teacherKind: string;
  runs: readonly TrainedRun[];
  recipe: Pick<Recipe, "student" | "evaluate">;
  signal: AbortSignal;
  onProgress: (task: string, done: number, total: number, unit: string) => void;
}

export interface Evaluation {
  scores: Scores;
  ids: string[];
  predictions: SystemPredictions[];
}

/** A system with what each of its seeds does, in the order of `runs`. */
interface JudgedSystem extends System {
  outcomes: Outcome[];
  seeds: number[];
}

/** Confusion pairs that are kept. */
const CONFUSIONS = 25;

/** Scores every system on the test texts and holds each student against the others, on the same resamples. */
export async function evaluateSystems(options: EvaluationOptions): Promise<Evaluation> {
  const { classes, recipe } = options;
  const read = await options.sources.testTexts();
  const known = readGold(read, classes);
  const settled = await settleTestTexts(known, options.sources, classes);
  const { test, unanswered } = settled;
  const students = recipe.student.map((student) => student.name);
  const systems = listSystems(options.teacherKind, options.runs, students);
  const { judged, predictions } = await judgeSystems(systems, settled, options);
  const measured = await measureSystems(judged, options);
  const { confidence, resamples, seed } = recipe.evaluate;
  const scores: Scores = {
    schema: "limbeck.scores/1",
    test: {
      texts: test.rows.length,
      labelled: test.gold?.length ?? 0,
      classes: [...classes],
      absentClasses: test.absentClasses,
      unanswered,
    },
    method: { resamples, confidence, seed, bins: CALIBRATION_BINS },
    systems: systems.map((system) => {
      const scored = judged.find(({ name }) => name === system.name);
      if (scored === undefined) return describeUnscored(system);
      return describeSystem(scored, measured.get(system.name)!, { classes, confidence });
    }),
    comparisons: judged
      .filter((system) => system.role === "student")
      .map((student) => compareStudent(student, judged, measured, confidence)),
    calibration: compareCalibration(settled, classes.length),
    notes: test.notes,
  };
  return { scores, ids: test.rows.map((row) => row.id), predictions };
}

async function judgeSystems(
  systems: readonly System[],
  { test, logits: teacherLogits }: TeacherOnTest,
  { sources, classes, signal, onProgress }: EvaluationOptions,
): Promise<{ judged: JudgedSystem[]; predictions: SystemPredictions[] }> {
  if (test.rows.length === 0) return { judged: [], predictions: [] };
  const texts = test.rows.map((row) => row.text);
  const known = {
    classes: classes.length,
    gold: test.gold,
    teacher: teacherLogits && predictedClasses(teacherLogits, classes.length),
  };
  const total = systems.reduce((sum, { runs }) => sum + Math.max(1, runs.length), 0);
  const predictions: SystemPredictions[] = [];
  const judged: JudgedSystem[] = [];
  for (const system of systems) {
    if (system.role === "teacher" && teacherLogits === null) continue;
    const outcomes: Outcome[] = [];
    const runs = system.role === "teacher" ? [null] : system.runs;
    for (const run of runs) {
      signal.throwIfAborted();
      const logits = run === null ? teacherLogits! : await sources.systemLogits(run, texts);
      outcomes.push(judge(logits, known));
      predictions.push({ system: system.name, seed: run?.seed ?? 0, logits });
      onProgress("answering the test texts", predictions.length, total, "systems");
    }
    judged.push({ ...system, outcomes, seeds: runs.map((run) => run?.seed ?? 0) });
  }
  return { judged, predictions };
}

async function measureSystems(
  judged: readonly JudgedSystem[],
  { recipe, signal, onProgress }: EvaluationOptions,
): Promise<Map<string, MeasuredSystem>> {
  if (judged.length === 0) return new Map();
  const { resamples, seed } = recipe.evaluate;
  const resampled = await resampleMeasures(
    judged.map((system) => system.outcomes),
    {
      resamples,
      seed,
      signal,
      onProgress: (done) => {
        onProgress("resampling for intervals", done, resamples, "resamples");
      },
    },
  );
  return new Map(
    judged.map((system, index) => [
      system.name,
      { seeds: system.outcomes.map(measure), resamples: resampled[index]! },
    ]),
  );
}

/** A system without a test text, or a teacher without answers: the report still shows its size and speed. */
function describeUnscored({
  name,
  role,
  kind,
  variant,
  targets,
  exportedSeed,
}: System): SystemScores {
  return {
    ...{ name, role, kind, variant, targets, exportedSeed },
    seeds: [],
    measures: Object.fromEntries(
      MEASURES.map((measure) => [measure, null]),
    ) as SystemScores["measures"],
    reliability: [],
    perClass: [],
    confusions: [],
  };
}

function describeSystem(
  system: JudgedSystem,
  measured: MeasuredSystem,
  { classes, confidence }: { classes: readonly string[]; confidence: number },
): SystemScores {
  const { name, role, kind, variant, targets, exportedSeed, seeds } = system;
  const exported = outcomeOf(system, exportedSeed);
  const { gold, predicted, bin } = exported;
  const predictions = gold && { labels: classes, gold: gold.labels, predicted };
  return {
    ...{ name, role, kind, variant, targets, exportedSeed },
    seeds: seeds.map((seed, index) => ({ seed, measures: measured.seeds[index]! })),
    measures: summarize(measured, confidence),
    reliability: gold ? reliabilityBins(exported.confidence, bin, gold.correct) : [],
    perClass: predictions ? scoreClasses(predictions) : [],
    confusions: predictions ? findConfusions(predictions, CONFUSIONS) : [],
  };
}

function compareStudent(
  student: JudgedSystem,
  all: readonly JudgedSystem[],
  measured: ReadonlyMap<string, MeasuredSystem>,
  confidence: number,
): Comparison {
  const ours = measured.get(student.name)!;
  const control = all.find((system) => system.name === hardLabelName(student.name)) ?? null;
  return {
    student: student.name,
    control: control?.name ?? null,
    differences: Object.fromEntries(
      all
        .filter((other) => other.name !== student.name)
        .map((other) => [other.name, differences(ours, measured.get(other.name)!, confidence)]),
    ),
    mcnemar: control && testAgainstControl(student, control),
    gapClosed: gapClosed(
      {
        student: ours,
        control: control && measured.get(control.name)!,
        teacher: measured.get("teacher") ?? null,
      },
      confidence,
    ),
  };
}

/** The exported seed of the student against the control of that seed, or its first where it has none such. */
function testAgainstControl(student: JudgedSystem, control: JudgedSystem): Comparison["mcnemar"] {
  const seed = student.exportedSeed;
  const [ours, theirs] = [outcomeOf(student, seed).gold, outcomeOf(control, seed).gold];
  if (ours === null || theirs === null) return null;
  const { firstOnly, secondOnly, pValue } = mcnemar(ours.correct, theirs.correct);
  return { seed, studentOnly: firstOnly, controlOnly: secondOnly, pValue };
}

function outcomeOf({ seeds, outcomes }: JudgedSystem, seed: number): Outcome {
  return outcomes[Math.max(0, seeds.indexOf(seed))]!;
}
