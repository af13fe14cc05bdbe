import { readFile } from "node:fs/promises";
import { messageOf } from "../../src/errors.ts";
import { quantizesBatches } from "../../src/engine/weights/batch-quantization.ts";
import { sizeOf } from "../../src/engine/shape.ts";
import { readOnnxWeights, type OnnxWeights } from "../../src/engine/weights/onnx-initializers.ts";
import type { TeacherLexicon } from "../../src/types.ts";
import { teacherError, type ModelFolder } from "./model-folder.ts";

/** How Hugging Face's models name their table of word vectors, whatever stands before it. */
const WORD_VECTORS = /(^|\.)(word_embeddings|embed_tokens|shared)\.weight$/;

async function readWeights(folder: ModelFolder): Promise<OnnxWeights> {
  try {
    return readOnnxWeights(await readFile(folder.weights), folder.weights);
  } catch (thrown) {
    throw teacherError(folder.path, "an ONNX model", messageOf(thrown), thrown);
  }
}

/** Number of weights in the model's file, scales and constants not counted; of their shapes, no weight is read. */
export async function countParameters(folder: ModelFolder): Promise<number> {
  const weights = await readWeights(folder);
  try {
    return weights.names().reduce((sum, name) => sum + sizeOf(weights.shape(name)), 0);
  } catch (thrown) {
    throw teacherError(folder.path, "weights that can be read", messageOf(thrown), thrown);
  }
}

/**
 * The encoder's word vectors, `[V, D]` float32, or null where the model's file does not name them.
 *
 * @throws LimbeckError `E_TEACHER` when the file is damaged.
 */
export async function openLexicon(folder: ModelFolder): Promise<TeacherLexicon | null> {
  const name = (await readWeights(folder))
    .names()
    .find((candidate) => WORD_VECTORS.test(candidate));
  if (name === undefined) return null;
  return {
    tokenizer: folder.tokenizer,
    async embeddings() {
      // Read again rather than kept: the file is large, and the table is asked for once.
      const { shape, data } = (await readWeights(folder)).tensor(name);
      const [rows, size] = shape;
      if (shape.length !== 2 || rows === undefined || size === undefined) {
        throw teacherError(folder.path, `a matrix in ${name}`, `shape [${shape.join(", ")}]`);
      }
      return { rows, size, data };
    },
  };
}

/**
 * Whether the model quantizes whole activation tensors as it runs: a text's vector then depends on its neighbours in
 * the batch. Told by the nodes of its graph.
 *
 * @throws LimbeckError `E_TEACHER` when the file is no ONNX model.
 */
export async function dependsOnBatch(folder: ModelFolder): Promise<boolean> {
  const bytes = await readFile(folder.weights);
  try {
    return quantizesBatches(bytes);
  } catch (thrown) {
    throw teacherError(folder.path, "an ONNX model", messageOf(thrown), thrown);
  }
}
