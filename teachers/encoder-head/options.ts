import { z } from "zod";
import { DTYPES } from "../transformers/dtypes.ts";
import { batchField, downloadField, modelField } from "../transformers/fields.ts";
import { POOLINGS } from "../transformers/pooling.ts";

const encoderModelField = modelField.describe(
  "folder of a feature-extraction model in transformers.js layout (config.json, tokenizer.json, onnx/), or org/name or org/name@revision on the hub",
);
const maxLengthField = z
  .int()
  .min(4)
  .describe("longest text in tokens, with its prefix; the rest is not read");
const poolingField = z
  .enum(["auto", ...POOLINGS])
  .describe(
    "how token vectors become a text's: their mean, the first token's (cls) or the largest of each column (max); auto = as the model's own files say, else mean",
  );
const normalizeField = z
  .union([z.literal("auto"), z.boolean()])
  .describe(
    "whether text vectors are scaled to length 1; auto = as the model's own files say, else yes",
  );
const dtypeField = z
  .enum(DTYPES)
  .describe("which file in onnx/ is used: q8 = model_quantized.onnx");
const prefixField = z
  .string()
  .describe('what is put before each text, such as "query: " for the models that want it');

const encoder = z.strictObject({
  model: encoderModelField,
  maxLength: maxLengthField.optional(),
  pooling: poolingField.optional(),
  normalize: normalizeField.optional(),
  dtype: dtypeField.optional(),
  prefix: prefixField.optional(),
});

export const encoderHeadOptions = z.strictObject({
  model: z
    .union([encoderModelField, encoder, z.array(z.union([encoderModelField, encoder])).min(1)])
    .describe(
      "folder of a feature-extraction model in transformers.js layout (config.json, tokenizer.json, onnx/), or org/name or org/name@revision on the hub; a list of them, or of { model, pooling, prefix, normalize, dtype, maxLength }, gives their vectors one after the other",
    ),
  strength: z
    .union([z.literal("auto"), z.number().positive()])
    .default("auto")
    .describe(
      "C of the head, the inverse of its L2 penalty; auto = cross-validation on the labelled texts",
    ),
  maxLength: maxLengthField.default(128),
  pooling: poolingField.default("auto"),
  normalize: normalizeField.default("auto"),
  batch: batchField.describe(
    "most texts per forward pass of the encoder; long ones go through with fewer",
  ),
  dtype: dtypeField.default("q8"),
  prefix: prefixField.default(""),
  download: downloadField,
});

export type EncoderHeadOptions = z.output<typeof encoderHeadOptions>;

/** One encoder of a teacher, with everything that it does not say itself taken from the teacher's options. */
export interface EncoderOptions {
  model: string;
  maxLength: number;
  pooling: EncoderHeadOptions["pooling"];
  normalize: EncoderHeadOptions["normalize"];
  dtype: EncoderHeadOptions["dtype"];
  prefix: string;
  batch: number;
  download: boolean;
}

/** The encoders whose vectors are concatenated, in their order. */
export function listEncoders(options: EncoderHeadOptions): EncoderOptions[] {
  const { maxLength, pooling, normalize, dtype, prefix, batch, download } = options;
  const shared = { maxLength, pooling, normalize, dtype, prefix, batch, download };
  return [options.model].flat().map((entry) => {
    const own = typeof entry === "string" ? { model: entry } : withoutUndefined(entry);
    return { ...shared, ...own };
  });
}

function withoutUndefined(
  entry: z.output<typeof encoder>,
): Partial<EncoderOptions> & { model: string } {
  const given = Object.entries(entry).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<EncoderOptions> & { model: string };
}
