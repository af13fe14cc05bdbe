import { z } from "zod";

/** Names of the ONNX files by dtype, as transformers.js has them; it silently loads another for a name it does not know. */
export const MODEL_FILES = {
  fp32: "model.onnx",
  fp16: "model_fp16.onnx",
  q8: "model_quantized.onnx",
  int8: "model_int8.onnx",
  uint8: "model_uint8.onnx",
  q4: "model_q4.onnx",
  bnb4: "model_bnb4.onnx",
  q4f16: "model_q4f16.onnx",
} as const;

export type ModelDtype = keyof typeof MODEL_FILES;
const dtypes = Object.keys(MODEL_FILES) as [ModelDtype, ...ModelDtype[]];

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
    .enum(dtypes)
    .default("q8")
    .describe("which file in onnx/ is used: q8 = model_quantized.onnx"),
});

export type EncoderHeadOptions = z.output<typeof encoderHeadOptions>;
