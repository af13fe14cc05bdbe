import { z } from "zod";
import { DTYPES } from "./dtypes.ts";

// What several kinds of teacher let a recipe say of their model. Where the words differ, a kind adds its own `describe`.

/** A folder, or a model of the hub. */
export const modelField = z.string().min(1);

export const downloadField = z
  .boolean()
  .default(false)
  .describe("whether a model that is not there may be downloaded, as with --download");

/** Texts, or pairs of them, that go through the model together. */
export const batchField = z.int().min(1).max(1024).default(32);

/** Which file of a model whose logits are taken as they are. */
export const logitsDtypeField = z
  .enum(DTYPES)
  .default("fp32")
  .describe(
    "which file in onnx/ is used: fp32 = model.onnx; q8 = model_quantized.onnx is faster, and its logits are a little off",
  );
