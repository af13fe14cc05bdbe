import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { EngineError } from "../errors.ts";
import { readOnnxWeights } from "./onnx-initializers.ts";
import { openSafetensors } from "./safetensors-file.ts";
import { openShards } from "./safetensors-shards.ts";
import type { WeightFile } from "./weight-file.ts";

/**
 * Opens `*.safetensors`, the index of a sharded one (`*.safetensors.index.json`) or `*.onnx`, by the name's end.
 *
 * @throws EngineError `E_FILE` naming the file and what is wrong with it; errors of the file system as they are.
 */
export async function openWeights(path: string): Promise<WeightFile> {
  if (path.endsWith(".safetensors")) return openSafetensors(path);
  if (path.endsWith(".safetensors.index.json")) return openShards(path);
  if (path.endsWith(".onnx")) return openOnnx(path);
  throw new EngineError(
    "E_FILE",
    `Expected a file .safetensors, .safetensors.index.json or .onnx, got ${basename(path)}. Save the weights in one of these formats.`,
  );
}

/** The file as it is, in memory: its tensors may lie anywhere in it. */
async function openOnnx(path: string): Promise<WeightFile> {
  const weights = readOnnxWeights(await readFile(path), path);
  return {
    shapes: new Map(weights.names().map((name) => [name, weights.shape(name)])),
    // eslint-disable-next-line @typescript-eslint/require-await -- other files have to wait
    read: async (name) => weights.tensor(name),
    close: () => Promise.resolve(),
  };
}
