import { join } from "node:path";
import { loadMajority } from "../controls/majority.ts";
import { loadLinear } from "../controls/store-linear.ts";
import { readLogits } from "../labels/read-logits.ts";
import { reorderColumns } from "../labels/reorder-columns.ts";
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
  teacher: LabelDetails["teacher"];
}): EvaluationSources {
  const { run, recipe, classes, teacher } = options;
  const trainFolder = join(run, "train");
  return {
    testTexts: () => readSplit(run, "test"),
    teacherLogits: async (ids) =>
      reorderColumns(await readLogits(teacher.store, ids), teacher.labels, classes),
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
