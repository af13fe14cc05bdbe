import { join } from "node:path";
import { saveMajority, trainMajority } from "../controls/majority.ts";
import type { TrainedRun } from "../types.ts";
import type { PlanInputs } from "./job-parts.ts";
import { readSet } from "./set-files.ts";

/** Counts the labelled texts of each class: the control that answers every text alike. */
export async function trainMajorityRun(inputs: PlanInputs): Promise<TrainedRun> {
  const seed = inputs.recipe.train.seeds[0]!;
  const folder = `majority/seed-${seed}`;
  const { labels, classes } = await readSet(inputs.sets.labelled.folder);
  const model = trainMajority(labels, classes);
  await saveMajority(join(inputs.folder, folder), model);
  return {
    variant: "majority",
    role: "control",
    kind: "majority",
    seed,
    targets: "hard-labels",
    folder,
    steps: 0,
    epochs: 0,
    bestStep: 0,
    validationScore: null,
    parameters: model.parameters,
    seconds: 0,
    options: {},
  };
}
