import { z } from "zod";
import * as format from "./format.ts";

const count = z.int().min(0);

/** How the students were trained: of a run's options, those that a reader asks for. */
export const trainingSettings = z.object({
  /** Where the steps were computed; `auto` is resolved. */
  device: z.string(),
  optimizer: z.union([
    z.object({
      kind: z.literal("adamw"),
      beta1: z.number(),
      beta2: z.number(),
      epsilon: z.number(),
      weightDecay: z.number(),
    }),
    z.object({
      kind: z.literal("sgd"),
      momentum: z.number(),
      nesterov: z.boolean(),
      weightDecay: z.number(),
    }),
  ]),
  /** The peak. */
  learningRate: z.number(),
  schedule: z.string(),
  warmup: z.number(),
  /** Texts per batch; parts that it is split into; batches per update. */
  batch: count,
  shards: count,
  accumulate: count,
});
export type TrainingSettings = z.output<typeof trainingSettings>;

/** How the students were trained, in one line. */
export function describeTraining(settings: TrainingSettings): string {
  const { device, learningRate, schedule, warmup } = settings;
  return [
    describeOptimizer(settings.optimizer),
    `learning rate ${learningRate} at its peak, ${schedule} schedule, warm-up over ${format.percent(warmup, 0)} of the steps`,
    describeBatches(settings),
    `on ${device}`,
  ].join("; ");
}

function describeOptimizer(optimizer: TrainingSettings["optimizer"]): string {
  const decay = `weight decay ${optimizer.weightDecay}`;
  if (optimizer.kind === "adamw") {
    const { beta1, beta2, epsilon } = optimizer;
    return `AdamW (β₁ ${beta1}, β₂ ${beta2}, ε ${epsilon}, ${decay})`;
  }
  const { momentum, nesterov } = optimizer;
  return `SGD (${nesterov ? "Nesterov " : ""}momentum ${momentum}, ${decay})`;
}

function describeBatches({ batch, shards, accumulate }: TrainingSettings): string {
  const parts = shards === 1 ? "" : `, each in ${shards} shards`;
  const batches = accumulate === 1 ? "a batch" : `${accumulate} batches`;
  return `${batches} of ${batch} texts per update${parts}`;
}
