import { join } from "node:path";
import { digestOf } from "../platform/digest.ts";
import type { Recipe, StudentRecipe } from "../recipe/schema.ts";
import type { NeuralJob, PlanJob, RunHeader, SetsJob, StudentJob } from "./jobs.ts";
import type { PreparedSets, StoredSet } from "./prepare-sets.ts";
import type { LossChoice } from "./program.ts";
import { stepsPerEpoch } from "./steps.ts";

/** Raised when the same job would give other weights: batches, schedule, dropout, choice. */
export const VERSION = 1;

export interface PlanInputs {
  recipe: Recipe;
  /** `train/`, absolute. */
  folder: string;
  sets: PreparedSets;
  /** Of tokenizer and start embeddings. */
  vocabulary: string;
  classes: readonly string[];
}

/** One student of the recipe with its own options parsed. */
export interface PlannedStudent {
  recipe: StudentRecipe;
  options: unknown;
}

/** What tells one neural run from another. */
export interface NeuralParts {
  header: Pick<RunHeader, "variant" | "role" | "targets" | "seed">;
  student: StudentJob;
  set: StoredSet;
  validation: PreparedSets["validation"];
  plan: PlanJob;
  kind: string;
}

export function neuralJob(inputs: PlanInputs, parts: NeuralParts): NeuralJob {
  const { student, set, validation, plan, kind } = parts;
  const { seed, variant } = parts.header;
  const temperature = student.loss.kind === "hinton" ? student.loss.temperature : 1;
  const sets = setsJob(set, validation, temperature);
  const digest = jobDigest(inputs, { student, sets, plan, seed }, [set, validation]);
  const header: RunHeader = {
    ...parts.header,
    kind,
    folder: `${variant}/seed-${seed}`,
    options: {
      student: student.options,
      embedding: student.embedding,
      loss: student.loss,
      ...plan,
      maxLength: student.maxLength,
      classes: inputs.classes,
    },
  };
  return {
    kind: "neural",
    header,
    student,
    sets,
    plan,
    seed,
    digest,
    folder: join(inputs.folder, header.folder),
  };
}

export function studentJob(
  { recipe, folder }: PlanInputs,
  { recipe: own, options }: PlannedStudent,
  loss: LossChoice,
): StudentJob {
  const { maxLength, weightDecay, clipNorm } = recipe.train;
  return {
    kind: own.kind,
    options,
    embedding: own.embedding,
    vocabulary: join(folder, "vocabulary"),
    maxLength,
    loss,
    weightDecay,
    clipNorm,
  };
}

/** As long and as fast as the distilled student trains. */
export function planJob({ recipe, sets }: PlanInputs): PlanJob {
  const { epochs, batch, learningRate, warmup, patience, loss } = recipe.train;
  const { rows } = loss.alpha === 1 ? sets.labelled : sets.all;
  return { steps: epochs * stepsPerEpoch(rows, batch), batch, learningRate, warmup, patience };
}

export function setsJob(
  set: StoredSet,
  validation: PreparedSets["validation"],
  temperature: number,
): SetsJob {
  return {
    set: set.folder,
    validation: validation && { set: validation.folder, against: validation.against, temperature },
  };
}

/** Gold labels of a validation split that the recipe bought; the control must not see the teacher's. */
export function goldValidation({ validation }: PreparedSets): PreparedSets["validation"] {
  return validation?.against === "gold" ? validation : null;
}

/** Digest of what a result depends on: not of where files lie. */
export function jobDigest(
  { vocabulary, classes }: PlanInputs,
  job: { student: StudentJob; plan: PlanJob; seed: number; sets: SetsJob },
  sets: readonly (StoredSet | null)[],
): string {
  return digestOf({
    version: VERSION,
    student: { ...job.student, vocabulary },
    plan: job.plan,
    seed: job.seed,
    validation: job.sets.validation && { ...job.sets.validation, set: null },
    sets: sets.map((set) => set?.digest ?? null),
    classes,
  });
}
