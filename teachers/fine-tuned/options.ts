import { z } from "zod";
import { SCHEDULE_KINDS } from "../../src/engine/optimizers/schedules.ts";
import { batchField, downloadField, modelField } from "../transformers/fields.ts";

export const fineTunedOptions = z.strictObject({
  model: modelField.describe(
    "folder of a BERT in Hugging Face layout (config.json, tokenizer.json, tokenizer_config.json, and model.safetensors or onnx/), " +
      "or org/name@revision on the hub",
  ),
  download: downloadField,
  trainable: z
    .union([z.literal("all"), z.literal("head"), z.strictObject({ last: z.int().min(1) })])
    .default("all")
    .describe(
      "what learns: all of it, the head alone, or { last: n }, the last n layers and the head",
    ),
  head: z
    .enum(["fitted", "random"])
    .default("fitted")
    .describe(
      "where the head starts: from a logistic regression on the encoder's own vectors, or from nothing",
    ),
  learningRate: z
    .union([z.literal("auto"), z.number().positive()])
    .default("auto")
    .describe("peak learning rate; auto = by what learns"),
  headRate: z
    .number()
    .positive()
    .default(10)
    .describe("how many times as fast as the encoder the head learns: it starts from nothing"),
  layerDecay: z
    .number()
    .positive()
    .max(1)
    .default(0.9)
    .describe("factor of the learning rate from each layer to the one below it; 1 = one rate"),
  epochs: z.int().min(1).default(8).describe("passes over the labelled texts at most"),
  patience: z
    .int()
    .min(1)
    .default(4)
    .describe("epochs without a better score on the held-out texts after which training stops"),
  holdOut: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .describe(
      "share of the labelled texts that chooses the best epoch and is not learned from, the same of each class; " +
        "validation texts of the recipe serve instead; 0 = all are learned from, for all epochs",
    ),
  batch: batchField.describe("texts per update"),
  maxLength: z.int().min(4).default(128).describe("longest text in tokens; the rest is not read"),
  schedule: z
    .enum(SCHEDULE_KINDS)
    .default("linear")
    .describe("how the learning rate goes after the warm-up"),
  warmup: z.number().min(0).max(1).default(0.1).describe("share of the updates that warm up"),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe("share of elements that an update zeroes, in the places where BERT does"),
  weightDecay: z.number().min(0).default(0.01).describe("AdamW's, of matrices only"),
  clipNorm: z.number().positive().default(1).describe("gradients are scaled down to this norm"),
  pooling: z
    .enum(["mean", "cls"])
    .default("mean")
    .describe("what the head sees of a text: the mean of its tokens' states, or the first one's"),
  seed: z
    .int()
    .min(0)
    .optional()
    .describe(
      "draws the head, the order of the texts, dropout and what is held out; data.seed where not given",
    ),
});

export type FineTunedOptions = z.output<typeof fineTunedOptions>;

/** Peak rates of the layer below the head: a frozen encoder's head starts from nothing and can go faster. */
const RATES = { all: 1e-4, last: 2e-4, head: 1e-3 };

/** Peak learning rate of the encoder; the head's is `headRate` times that. */
export function peakRate({ learningRate, trainable }: FineTunedOptions): number {
  if (learningRate !== "auto") return learningRate;
  return typeof trainable === "object" ? RATES.last : RATES[trainable];
}
