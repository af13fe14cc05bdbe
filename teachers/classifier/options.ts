import { z } from "zod";
import { batchField, downloadField, logitsDtypeField, modelField } from "../transformers/fields.ts";

export const classifierOptions = z.strictObject({
  model: modelField.describe(
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
  batch: batchField.describe(
    "most texts per forward pass of the model; long ones go through with fewer",
  ),
  dtype: logitsDtypeField,
  download: downloadField,
});

export type ClassifierOptions = z.output<typeof classifierOptions>;
