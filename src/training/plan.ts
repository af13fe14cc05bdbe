import { join } from "node:path";
import { digestOf } from "../platform/digest.ts";
import type { Recipe } from "../recipe/schema.ts";
import { students } from "../registry.ts";
import { stepCost } from "./cost.ts";
import type { HardLabelChoice } from "./hard-label.ts";
import {
  goldValidation,
  jobDigest,
  neuralJob,
  planJob,
  setsJob,
  studentJob,
  VERSION,
  type PlannedStudent,
  type PlanInputs,
} from "./job-parts.ts";
import type { ChoiceJob, LinearJob, NeuralJob, RunHeader } from "./jobs.ts";
import type { LossChoice } from "./program.ts";

/**
 * Parses the kinds' own options; the recipe was checked before.
 *
 * @param classes - C
 */
export async function planStudents(
  { student: list, train: { maxLength } }: Recipe,
  classes: number,
): Promise<PlannedStudent[]> {
  return Promise.all(
    list.map(async (recipe) => {
      const own = Object.fromEntries(
        Object.entries(recipe).filter(([key]) => !["kind", "name", "embedding"].includes(key)),
      );
      const student = await students[recipe.kind]!();
      const options = student.options.parse(own);
      const sizes = { embedding: recipe.embedding.size, classes, maxLength };
      return { recipe, options, parameters: student.parameters(options, sizes) };
    }),
  );
}

/** The distilled runs of a student, one per seed. */
export function distilledJobs(inputs: PlanInputs, student: PlannedStudent): NeuralJob[] {
  const { recipe, sets } = inputs;
  const loss: LossChoice = recipe.train.loss;
  // With alpha 1 only gold labels are learnt from: texts without one would be steps without a gradient.
  const set = loss.alpha === 1 ? sets.labelled : sets.all;
  const validation =
    loss.alpha === 1 && sets.validation?.against === "teacher" ? null : sets.validation;
  const name = student.recipe.name;
  return recipe.train.seeds.map((seed) =>
    neuralJob(inputs, {
      header: {
        variant: name,
        role: "student",
        targets: loss.alpha === 1 ? "hard-labels" : "soft",
        seed,
      },
      planned: student,
      student: studentJob(inputs, student, loss),
      set,
      validation,
      plan: planJob(inputs),
    }),
  );
}

/** Choosing how the hard-label control of a student is trained: once, with the first seed. */
export function choiceJob(inputs: PlanInputs, student: PlannedStudent): ChoiceJob {
  const { sets, folder, recipe, shardThreads } = inputs;
  const plan = planJob(inputs);
  const job = {
    kind: "choice" as const,
    student: studentJob(inputs, student, { kind: "cross-entropy" }),
    sets: setsJob(sets.labelled, goldValidation(sets), 1),
    plan,
    seed: recipe.train.seeds[0]!,
  };
  const digest = jobDigest(inputs, job, [sets.labelled, goldValidation(sets)]);
  return {
    ...job,
    digest,
    folder: join(folder, hardLabelName(student)),
    shardThreads,
    stepCost: stepCost(student.parameters, sets.labelled, plan),
  };
}

/** The hard-label runs of a student, one per seed: all labelled texts, the chosen rate and steps, no early stop. */
export function hardLabelJobs(
  inputs: PlanInputs,
  student: PlannedStudent,
  choice: HardLabelChoice,
): NeuralJob[] {
  const { learningRate, steps } = choice;
  return inputs.recipe.train.seeds.map((seed) =>
    neuralJob(inputs, {
      header: { variant: hardLabelName(student), role: "control", targets: "hard-labels", seed },
      planned: student,
      student: studentJob(inputs, student, { kind: "cross-entropy" }),
      set: inputs.sets.labelled,
      validation: null,
      plan: { ...planJob(inputs), learningRate, steps },
    }),
  );
}

/** The linear controls: on the gold labels where there are any, and on the teacher's soft targets for every text. One run each: no chance in it. */
export function linearJobs({ recipe, folder, sets, classes }: PlanInputs): LinearJob[] {
  const seed = recipe.train.seeds[0]!;
  const kinds = sets.labelled.rows > 0 ? (["hard-labels", "soft"] as const) : (["soft"] as const);
  return kinds.map((targets) => {
    const variant = targets === "hard-labels" ? "linear-labels" : "linear-teacher";
    const header: RunHeader = {
      variant,
      role: "control",
      kind: "linear",
      seed,
      targets,
      folder: `${variant}/seed-${seed}`,
      options: {},
    };
    // Labelled texts that the teacher left unanswered are in a set of their own.
    const own = targets === "hard-labels" ? sets.labelledTexts : null;
    const set = own === null ? sets.all : sets.labelled;
    const texts = own ?? sets.texts;
    const digest = digestOf({
      version: VERSION,
      header,
      texts: texts.digest,
      set: set.digest,
      classes,
    });
    return {
      kind: "linear",
      header,
      seed,
      digest,
      folder: join(folder, header.folder),
      set: set.folder,
      texts: texts.path,
    };
  });
}

function hardLabelName({ recipe }: PlannedStudent): string {
  return `${recipe.name}-hard-label`;
}
