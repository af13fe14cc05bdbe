import { z } from "zod";
import { DTYPES } from "../transformers/dtypes.ts";

export const encoderHeadOptions = z.strictObject({
  model: z
    .string()
    .min(1)
    .describe(
      "folder of a feature-extraction model in transformers.js layout: config.json, tokenizer.json, onnx/",
    ),
  strength: z
    .union([z.literal("auto"), z.number().positive()])
    .default("auto")
    .describe(
      "C of the head, the inverse of its L2 penalty; auto = cross-validation on the labelled texts",
    ),
  maxLength: z.int().min(4).default(128).describe("longest text in tokens; the rest is not read"),
  pooling: z
    .enum(["mean"])
    .default("mean")
    .describe("how token vectors become a text's: their mean"),
  normalize: z.boolean().default(true).describe("whether text vectors are scaled to length 1"),
  batch: z.int().min(1).max(1024).default(32).describe("texts per forward pass of the encoder"),
  dtype: z
    .enum(DTYPES)
    .default("q8")
    .describe("which file in onnx/ is used: q8 = model_quantized.onnx"),
});

export type EncoderHeadOptions = z.output<typeof encoderHeadOptions>;
