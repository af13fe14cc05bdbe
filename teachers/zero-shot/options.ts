import { z } from "zod";
import { batchField, downloadField, logitsDtypeField, modelField } from "../transformers/fields.ts";

/** Where a template takes the description. */
export const PLACE = "{}";

const template = z.string().refine((value) => value.split(PLACE).length === 2, {
  message: `Expected a template with ${PLACE} once, where the description goes`,
});

export const zeroShotOptions = z.strictObject({
  model: modelField.describe(
    "folder of a model for natural language inference in transformers.js layout (config.json with entailment in id2label, tokenizer.json, onnx/), or org/name@revision of the hub",
  ),
  descriptions: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      "what each class is about, { class: text }, for every class; the classes' names with spaces where not given",
    ),
  template: z
    .union([template, z.array(template).min(1)])
    .default(`This text is about ${PLACE}.`)
    .describe("the sentence that is held against a text, or a list whose logits are averaged"),
  score: z
    .enum(["entailment", "margin"])
    .default("entailment")
    .describe(
      "a class's logit: the logit of entailment, or that less the logit of contradiction (margin)",
    ),
  maxLength: z
    .int()
    .min(16)
    .default(256)
    .describe("longest pair of text and sentence in tokens; only the text is cut"),
  batch: batchField.describe(
    "most pairs per forward pass of the model; long ones go through with fewer",
  ),
  dtype: logitsDtypeField,
  download: downloadField,
});

export type ZeroShotOptions = z.output<typeof zeroShotOptions>;
