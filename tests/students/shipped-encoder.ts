import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { readBertWeights, startFrom } from "../../src/engine/index.ts";
import type { Batch, NamedArray, Program } from "../../src/engine/index.ts";
import { student as transformer } from "../../students/transformer.ts";
import { studentProgram } from "../engine/programs.ts";

/** The encoder that ships with the package: row-wise int8. */
export const ENCODER = fileURLToPath(
  new URL("../../teachers/minilm-l6-v2/onnx/model_quantized.onnx", import.meta.url),
);
export const HIDDEN = 384;

interface Case {
  text: string;
  ids: number[];
  vector: number[];
}

/** Written by tests/fixtures/generators/shipped_encoder.py with PyTorch. */
export const cases = JSON.parse(
  readFileSync(new URL("../fixtures/students/shipped-encoder.json", import.meta.url), "utf8"),
) as Case[];

/** Our transformer in the encoder's sizes, starting from its weights, with a new head of `classes`. */
export async function encoderProgram({ classes = HIDDEN, maxLength = 128 } = {}): Promise<Program> {
  const chosen = { layers: 6, heads: 12, intermediate: 1536, dropout: 0 };
  const sizes = { rows: 30_522, embedding: HIDDEN, classes, maxLength };
  const program = studentProgram(transformer, chosen, sizes);
  const { weights } = await readBertWeights(ENCODER, { program });
  return startFrom(program, weights);
}

/** A head that hands the pooled vector on as it is. */
export const IDENTITY_HEAD: Readonly<Record<string, NamedArray>> = {
  "classifier.weight": {
    shape: [HIDDEN, HIDDEN],
    data: Float32Array.from({ length: HIDDEN * HIDDEN }, (_, place) =>
      place % (HIDDEN + 1) === 0 ? 1 : 0,
    ),
  },
  "classifier.bias": { shape: [HIDDEN], data: new Float32Array(HIDDEN) },
};

/** Texts in one batch, padded with token 0; class `labels[text]` of `classes`, where given. */
export function batchOf(
  ids: readonly (readonly number[])[],
  { classes, labels = [] }: { classes: number; labels?: readonly number[] },
): Batch {
  const length = Math.max(...ids.map((tokens) => tokens.length));
  const tokens = new Int32Array(ids.length * length);
  const mask = new Float32Array(ids.length * length);
  const targets = new Float32Array(ids.length * classes);
  ids.forEach((own, text) => {
    tokens.set(own, text * length);
    mask.fill(1, text * length, text * length + own.length);
  });
  labels.forEach((label, text) => (targets[text * classes + label] = 1));
  return { batch: ids.length, length, tokens, inputs: { mask, targets } };
}
