import { join } from "node:path";
import type { Device, ParameterSpec } from "../engine/types.ts";
import { digestOf } from "../platform/digest.ts";
import type { Recipe, StudentRecipe } from "../recipe/schema.ts";
import { shardsOf } from "./cores.ts";
import { stepCost } from "./cost.ts";
import type { NeuralJob, PlanJob, RunHeader, SetsJob, StudentJob } from "./jobs.ts";
import type { PreparedSets, StoredSet } from "./prepare-sets.ts";
import type { LossChoice } from "./program.ts";
import { stepsPerEpoch } from "../fitting/steps.ts";

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
  /** What computes; the recipe may leave it to the machine. */
  device: Device;
  /** Threads of one run, for its shards. */
  shardThreads: number;
}

/** One student of the recipe with its own options parsed. */
export interface PlannedStudent {
  recipe: StudentRecipe;
  options: unknown;
  /** All but the embedding table. */
  parameters: readonly ParameterSpec[];
}

/** What tells one neural run from another. */
export interface NeuralParts {
  header: Pick<RunHeader, "variant" | "role" | "targets" | "seed">;
  planned: PlannedStudent;
  student: StudentJob;
  set: StoredSet;
  validation: PreparedSets["validation"];
  plan: PlanJob;
}

export function neuralJob(inputs: PlanInputs, parts: NeuralParts): NeuralJob {
  const { planned, student, set, validation, plan } = parts;
  const { seed, variant } = parts.header;
  const temperature = student.loss.kind === "hinton" ? student.loss.temperature : 1;
  const sets = setsJob(set, validation, temperature);
  const digest = jobDigest(inputs, { student, sets, plan, seed }, [set, validation]);
  const header: RunHeader = {
    ...parts.header,
    kind: student.kind,
    folder: `${variant}/seed-${seed}`,
    options: {
      student: student.options,
      embedding: student.embedding,
      loss: student.loss,
      ...plan,
      optimizer: student.optimizer,
      shards: student.shards,
      device: student.device,
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
    shardThreads: inputs.shardThreads,
    stepCost: stepCost(planned.parameters, set, plan),
  };
}

export function studentJob(
  { recipe, folder, device }: PlanInputs,
  { recipe: own, options }: PlannedStudent,
  loss: LossChoice,
): StudentJob {
  const { maxLength, optimizer, weightDecay, clipNorm } = recipe.train;
  return {
    kind: own.kind,
    options,
    embedding: own.embedding,
    vocabulary: join(folder, "vocabulary"),
    maxLength,
    loss,
    optimizer: { ...optimizer, weightDecay },
    clipNorm,
    shards: shardsOf(recipe),
    device,
  };
}

/** As long and as fast as the distilled student trains. */
export function planJob({ recipe, sets }: PlanInputs): PlanJob {
  const { epochs, batch, accumulate, learningRate, schedule, warmup, patience, loss } =
    recipe.train;
  const { rows } = loss.alpha === 1 ? sets.labelled : sets.all;
  const steps = epochs * stepsPerEpoch(rows, { batch, accumulate });
  return { steps, batch, accumulate, learningRate, schedule, warmup, patience };
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
