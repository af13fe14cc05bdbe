import { join } from "node:path";
import { loadMajority } from "../controls/majority.ts";
import { loadLinear } from "../controls/store-linear.ts";
import { LimbeckError } from "../errors.ts";
import { readLogits } from "../labels/read-logits.ts";
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

/**
 * Brings logits into the order of the data's classes.
 *
 * @param logits - `[N, C]`, row-major, in the teacher's order
 * @throws LimbeckError `E_STORE` for a class that the teacher does not know.
 */
export function reorderColumns(
  logits: Float32Array,
  from: readonly string[],
  to: readonly string[],
): Float32Array {
  if (from.length === to.length && from.every((label, index) => label === to[index])) return logits;
  const columns = to.map((label) => from.indexOf(label));
  const missing = columns.indexOf(-1);
  if (missing >= 0) {
    throw new LimbeckError(
      "E_STORE",
      `Expected the teacher to know the class ${JSON.stringify(to[missing])}, got ${from.length} other classes. ` +
        "Give the command again with --from label.",
    );
  }
  const texts = logits.length / from.length;
  const result = new Float32Array(texts * to.length);
  for (let text = 0; text < texts; text += 1) {
    for (const [place, column] of columns.entries()) {
      result[text * to.length + place] = logits[text * from.length + column]!;
    }
  }
  return result;
}
