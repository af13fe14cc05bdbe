import { z } from "zod";
import { SCHEDULE_KINDS } from "../engine/optimizers/schedules.ts";
import { positive, share, whole } from "./fields.ts";

const loss = z.strictObject({
  kind: z
    .literal("hinton")
    .default("hinton")
    .describe("alpha · CE(hard) + (1 − alpha) · T² · KL(teacher ‖ student)"),
  temperature: positive
    .default(2)
    .describe("softens both distributions; 1 to 4 differ by less than a point here"),
  alpha: share.default(0).describe("weight of the hard-label term; 1 reads no teacher"),
});

/** Share of a running mean that is kept at each update. */
const decayRate = z.number().min(0).lt(1);

const OPTIMIZER = "AdamW, or SGD with momentum";
const optimizer = z
  .union([
    z.strictObject({
      kind: z.literal("adamw").describe(OPTIMIZER),
      beta1: decayRate.default(0.9).describe("decay of the gradient's running mean"),
      beta2: decayRate.default(0.999).describe("decay of the squared gradient's running mean"),
      epsilon: positive.default(1e-8).describe("added to the root of the squared gradient's mean"),
    }),
    z.strictObject({
      kind: z.literal("sgd").describe(OPTIMIZER),
      momentum: decayRate.default(0.9).describe("share of the last update that is kept; 0: none"),
      nesterov: z.boolean().default(false).describe("look ahead by the momentum; needs some"),
    }),
  ])
  .prefault({ kind: "adamw" })
  .describe("how gradients become updates: adamw, or sgd with momentum");

/** How the students are trained. */
export const trainSchema = z.strictObject({
  loss: loss.prefault({}).describe("what the student learns from"),
  epochs: whole(1).default(20).describe("passes over the transfer set"),
  batch: whole(1).default(64).describe("texts per batch"),
  accumulate: whole(1)
    .default(1)
    .describe(
      "batches per update: learns as from a batch so many times as large, in the memory of one; steps count updates",
    ),
  optimizer,
  learningRate: positive
    .default(2e-3)
    .describe("peak rate; the default is for adamw, sgd wants a far higher one"),
  schedule: z
    .enum(SCHEDULE_KINDS)
    .default("linear")
    .describe("how the rate goes on after the warm-up; linear falls to 0"),
  warmup: share
    .default(0.1)
    .describe("share of the steps over which the rate rises to its peak, whatever the schedule"),
  weightDecay: z
    .number()
    .min(0)
    .default(0.01)
    .describe(
      "decay of matrices and embeddings; decoupled with adamw, part of the gradient with sgd",
    ),
  clipNorm: positive.default(1).describe("largest global L2 norm of the gradients"),
  patience: whole(1)
    .default(5)
    .describe("epochs without a better validation score after which training stops"),
  maxLength: whole(4).default(128).describe("longest input in pieces"),
  seeds: z
    .union([whole(1), z.array(whole(0)).min(1)])
    .default(3)
    .describe("number of independent runs per variant (seeds 0, 1, …) or the seeds themselves"),
  workers: z
    .union([z.literal("auto"), whole(1)])
    .default("auto")
    .describe("processes that train side by side; auto = number of cores, or 1 on another device"),
  shards: z
    .union([z.literal("auto"), whole(1)])
    .default("auto")
    .describe(
      "parts of a batch that can train on a core each, cores left by workers; they change the last bits of the result, " +
        "so auto goes by the recipe alone: 4 for a single run on the cpu, 1 otherwise",
    ),
  device: z
    .enum(["cpu", "webgpu", "cuda", "tfjs-node", "tfjs-node-gpu", "auto"])
    .default("cpu")
    .describe(
      "what computes: auto is the first of cuda and webgpu that makes a training step, as cpu does it and no slower, else cpu",
    ),
});
