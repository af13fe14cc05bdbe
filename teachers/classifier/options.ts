import { z } from "zod";
import { DTYPES } from "../transformers/dtypes.ts";

export const classifierOptions = z.strictObject({
  model: z
    .string()
    .min(1)
    .describe(
      "folder of a text classification model in transformers.js layout (config.json, tokenizer.json, onnx/), or org/name@revision of the hub",
    ),
  labels: z
    .record(z.string(), z.string().min(1).nullable())
    .optional()
    .describe(
      "the data's class for each of the model's labels, { LABEL_0: card_arrival, … }; null drops a label; the names themselves where not given",
    ),
  maxLength: z
    .int()
    .min(4)
    .default(128)
    .describe("longest text in tokens, at most what the model reads; the rest is not read"),
  batch: z.int().min(1).max(1024).default(32).describe("texts per forward pass of the model"),
  dtype: z
    .enum(DTYPES)
    .default("fp32")
    .describe(
      "which file in onnx/ is used: fp32 = model.onnx; q8 = model_quantized.onnx is faster, and its logits are a little off",
    ),
  download: z
    .boolean()
    .default(false)
    .describe("whether a model that is not there may be downloaded, as with --download"),
});

export type ClassifierOptions = z.output<typeof classifierOptions>;
