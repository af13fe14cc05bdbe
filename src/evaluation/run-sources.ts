import { join } from "node:path";
import { loadMajority } from "../controls/majority.ts";
import { loadLinear } from "../controls/store-linear.ts";
import { readAnswers } from "../labelling/teacher-answers.ts";
import type { Recipe } from "../recipe/schema.ts";
import { readSplit } from "../texts/splits.ts";
import { openTrainedStudent } from "../training/open-student.ts";
import type { LabelDetails, TrainedRun } from "../types.ts";
import type { EvaluationSources } from "./sources.ts";

/** Sources that read a run's folder and its teacher's label store. */
export function openSources(options: {
  run: string;
  recipe: Recipe;
  classes: readonly string[];
  label: LabelDetails;
}): EvaluationSources {
  const { run, recipe, classes, label } = options;
  const trainFolder = join(run, "train");
  return {
    testTexts: () => readSplit(run, "test"),
    teacherAnswers: async (ids) => {
      const known = { label, classes, ids };
      const raw = await readAnswers({ ...known, calibrated: false });
      // A run of an earlier version knows no calibration.
      if (!(label.calibration ?? null)) return { ...raw, uncalibrated: null };
      return { ...(await readAnswers(known)), uncalibrated: raw.logits };
    },
    systemLogits: async (trained, texts) => {
      const folder = join(trainFolder, trained.folder);
      if (trained.kind === "majority") return (await loadMajority(folder)).logits(texts);
      if (trained.kind === "linear") return (await loadLinear(folder)).logits(texts);
      return await answerStudent(trained, { trainFolder, recipe, texts });
    },
  };
}

async function answerStudent(
  trained: TrainedRun,
  { trainFolder, recipe, texts }: { trainFolder: string; recipe: Recipe; texts: readonly string[] },
): Promise<Float32Array> {
  const student = await openTrainedStudent(trained, trainFolder, recipe);
  try {
    return await student.logits(texts);
  } finally {
    await student.close();
  }
}
