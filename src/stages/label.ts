import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { labelOnQueue, openFleet } from "../fleet/label-on-queue.ts";
import { calibrate, checkCalibration } from "../labelling/calibrate.ts";
import { findKind } from "../labelling/find-kind.ts";
import { openTeacher } from "../labelling/open-teacher.ts";
import { teacherPlace } from "../labelling/place.ts";
import { readAllTexts, readGold } from "../labelling/read-texts.ts";
import { openStore } from "../labelling/stored-teacher.ts";
import { listReasons, unansweredTexts } from "../labelling/teacher-answers.ts";
import { labelTexts, type LabellingResult } from "../labels/label-texts.ts";
import type { LabelStore } from "../labels/label-store.ts";
import { writeJson } from "../platform/files.ts";
import type {
  CalibrationDetails,
  LabelDetails,
  IdentifiedText,
  PrepareDetails,
  Teacher,
} from "../types.ts";
import { readManifest } from "./manifest.ts";
import type { Stage, StageContext } from "./stage.ts";

/**
 * Has the teacher label every text of every split that the label store lacks. Gold labels are read of the labelled
 * split only; what the teacher says of test texts is compared with theirs in evaluate.
 */
export const label: Stage<LabelDetails> = {
  name: "label",
  version: 3,

  async inputs(context) {
    const { recipe, run } = context;
    const { kind, options } = await findKind(recipe.teacher, context.recipeFolder);
    const fingerprint = await kind.fingerprint(options, teacherPlace(context));
    const { digest } = await readManifest(run, "prepare");
    // The seed deals the labelled texts to the folds.
    return { teacher: recipe.teacher, seed: recipe.data.seed, fingerprint, digests: [digest] };
  },

  describe({ recipe }) {
    return `Labelling every text with the teacher ${recipe.teacher.kind}: its logits are what the student learns from`;
  },

  run: labelStage,
};

async function labelStage(
  context: StageContext,
): Promise<{ details: LabelDetails; summary: string }> {
  const { run, recipe, report, signal } = context;
  // Before the teacher is fitted, which may take minutes: a queue that cannot be reached is told at once.
  const fleet = context.queue === undefined ? null : await openFleet(context.queue);
  const prepare = (await readManifest<PrepareDetails>(run, "prepare")).details;
  const texts = await readAllTexts(run);
  const place = teacherPlace(context);
  const gold = await readGold(run, prepare);
  const { classes } = prepare;
  const teacher = await stoppable(signal, () =>
    openTeacher(recipe.teacher, { ...context, place, classes, gold, corpus: texts }),
  ).catch((thrown: unknown) => {
    fleet?.close();
    throw thrown;
  });
  try {
    const method = recipe.teacher.calibrate;
    checkCalibration(method, teacher, gold);
    const store = await openStore(teacher, context);
    const started = performance.now();
    const progress = (done: number, total: number) => {
      report({ kind: "progress", stage: "label", task: "labelling", done, total, unit: "texts" });
    };
    const task = { teacher, store, texts, signal };
    const order = { recipe, recipeFolder: context.recipeFolder, classes, gold };
    const result = await stoppable(signal, () =>
      fleet === null
        ? labelTexts({ ...task, progress })
        : labelOnQueue({ ...task, fleet, order, report }),
    );
    const seconds = (performance.now() - started) / 1000;
    countUnexplained(result, store, texts);
    const warnings = warnOfGaps(result, texts.length);
    let calibration: CalibrationDetails | null = null;
    if (method !== "none") {
      const fitted = await calibrate({ method, teacher, store, gold, seed: recipe.data.seed });
      calibration = fitted.calibration;
      warnings.push(...fitted.warnings);
      if (calibration) await writeJson(join(run, "label", "calibration.json"), calibration);
    }
    for (const message of warnings) report({ kind: "warning", stage: "label", message });
    const kind = recipe.teacher.kind;
    const labelled = { teacher, kind, store, texts: texts.length, result, calibration, warnings };
    const details = describeLabels(labelled);
    store.close();
    return { details, summary: summarize(details, seconds) };
  } finally {
    fleet?.close();
    await teacher.close();
  }
}

/** A teacher must answer each text or say why not; one that does neither has a gap for which there is a word too. */
function countUnexplained(
  { setAside }: LabellingResult,
  store: LabelStore,
  texts: readonly IdentifiedText[],
): void {
  const explained = unansweredTexts(setAside);
  const unexplained = store.missing(texts.map(({ id }) => id)).length - explained;
  if (unexplained > 0) setAside["without a word from the teacher"] = unexplained;
}

/** How much of the texts has an answer, where not all have one. */
function warnOfGaps({ setAside }: LabellingResult, texts: number): string[] {
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

/** Turns whatever a stopped task throws into the one error that says how to go on. */
async function stoppable<Result>(
  signal: AbortSignal,
  task: () => Promise<Result>,
): Promise<Result> {
  try {
    return await task();
  } catch (thrown) {
    const mendable = thrown instanceof LimbeckError && thrown.code !== "E_ABORTED";
    if (!signal.aborted || mendable) throw thrown;
    throw new LimbeckError(
      "E_ABORTED",
      "Stopped. The labels that were computed are saved; the same command goes on from there.",
      { cause: thrown },
    );
  }
}

interface Labelled {
  teacher: Teacher;
  kind: string;
  store: LabelStore;
  texts: number;
  result: LabellingResult;
  calibration: CalibrationDetails | null;
  warnings: readonly string[];
}

function describeLabels({
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

function summarize(details: LabelDetails, seconds: number): string {
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
