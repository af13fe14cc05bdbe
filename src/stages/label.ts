import { join } from "node:path";
import { labelOnQueue, openFleet, type Fleet } from "../fleet/label-on-queue.ts";
import { calibrate, checkCalibration } from "../labelling/calibrate.ts";
import {
  countUnexplained,
  describeLabels,
  summarizeLabels,
  warnOfGaps,
} from "../labelling/describe-labels.ts";
import { findKind } from "../labelling/find-kind.ts";
import { openForRun, type RunTeacher } from "../labelling/open-for-run.ts";
import { teacherPlace } from "../labelling/place.ts";
import { agreeToAsk, planLabels, textsToAsk } from "../labelling/plan-labels.ts";
import { stoppable } from "../labelling/stoppable.ts";
import { openStore } from "../labelling/stored-teacher.ts";
import { compactQuietly } from "../labels/compact.ts";
import { labelTexts } from "../labels/label-texts.ts";
import type { LabelStore } from "../labels/label-store.ts";
import { writeJson } from "../platform/files.ts";
import type { CalibrationDetails, LabelDetails, Teacher } from "../types.ts";
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

  plan: planLabels,

  run: labelStage,
};

async function labelStage(
  context: StageContext,
): Promise<{ details: LabelDetails; summary: string }> {
  // Before the teacher is fitted, which may take minutes: a queue that cannot be reached is told at once.
  const fleet = context.queue === undefined ? null : await openFleet(context.queue);
  try {
    const opened = await openForRun(context);
    try {
      return await labelWith(opened, context, fleet);
    } finally {
      await opened.teacher.close();
    }
  } finally {
    fleet?.close();
  }
}

async function labelWith(
  { teacher, texts, classes, gold }: RunTeacher,
  context: StageContext,
  fleet: Fleet | null,
): Promise<{ details: LabelDetails; summary: string }> {
  const { recipe, recipeFolder, report, signal, retrySetAside = false } = context;
  checkCalibration(recipe.teacher.calibrate, teacher, gold);
  const store = await openStore(teacher, context);
  await agreeToAsk(teacher, await textsToAsk(store, texts, context), context);
  const started = performance.now();
  const progress = (done: number, total: number) => {
    report({ kind: "progress", stage: "label", task: "labelling", done, total, unit: "texts" });
  };
  const task = { teacher, store, texts, signal, retrySetAside };
  const order = { recipe, recipeFolder, classes, gold };
  const result = await stoppable(signal, () =>
    fleet === null
      ? labelTexts({ ...task, progress })
      : labelOnQueue({ ...task, fleet, order, report }),
  );
  const seconds = (performance.now() - started) / 1000;
  await compactQuietly(store);
  countUnexplained(result, store, texts);
  const { calibration, warnings } = await calibrateLabels({ teacher, store, gold }, context);
  warnings.unshift(...warnOfGaps(result, texts.length));
  for (const message of warnings) report({ kind: "warning", stage: "label", message });
  const { kind } = recipe.teacher;
  const labelled = { teacher, kind, store, texts: texts.length, result, calibration, warnings };
  const details = describeLabels(labelled);
  store.close();
  return { details, summary: summarizeLabels(details, seconds) };
}

/** Fits the calibration that the recipe asks for, and leaves it in the run's folder too. */
async function calibrateLabels(
  labels: { teacher: Teacher; store: LabelStore; gold: RunTeacher["gold"] },
  { run, recipe }: StageContext,
): Promise<{ calibration: CalibrationDetails | null; warnings: string[] }> {
  const method = recipe.teacher.calibrate;
  if (method === "none") return { calibration: null, warnings: [] };
  const { calibration, warnings } = await calibrate({ ...labels, method, seed: recipe.data.seed });
  if (calibration) await writeJson(join(run, "label", "calibration.json"), calibration);
  return { calibration, warnings: [...warnings] };
}
