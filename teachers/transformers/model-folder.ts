import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, sha256File } from "../../src/platform/digest.ts";
import { MODEL_FILES, type ModelDtype } from "./dtypes.ts";
import { makeFolderError, readJsonIn, requireFolder } from "./folder-checks.ts";

/** A model folder that has all its files. */
export interface ModelFolder {
  path: string;
  /** Path of the ONNX file. */
  weights: string;
  tokenizer: string;
  /** Width of the vectors, D. */
  size: number;
  /** Bytes of the ONNX file and of the data files beside it. */
  bytes: number;
  /** SHA-256 by path in the folder. */
  hashes: Record<string, string>;
}

export const teacherError = makeFolderError(
  "the teacher's folder",
  "Give teacher.model the folder of a complete model in transformers.js layout.",
);

async function sizeOf(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch {
    return null;
  }
}

async function hiddenSize(path: string): Promise<number> {
  const config = await readJsonIn(path, { file: "config.json", error: teacherError });
  const fields = config as Record<string, unknown> | null;
  const size = fields?.["hidden_size"] ?? fields?.["dim"] ?? fields?.["d_model"];
  if (typeof size !== "number" || !Number.isInteger(size) || size < 1) {
    throw teacherError(
      path,
      "a hidden_size in config.json",
      size === undefined ? "none" : JSON.stringify(size),
    );
  }
  return size;
}

/** Files beside a large ONNX file that hold its weights: `model.onnx_data`, `model.onnx_data_1`… */
async function dataFiles(path: string, model: string): Promise<string[]> {
  const names = await readdir(join(path, "onnx")).catch(() => []);
  return names
    .map((name) => `onnx/${name}`)
    .filter((name) => name.startsWith(`${model}_data`) && !name.endsWith(".part"))
    .sort();
}

/**
 * Finds and hashes the files of a model.
 *
 * @throws LimbeckError `E_TEACHER` naming the folder and the file that is missing or wrong.
 */
export async function openModelFolder(path: string, dtype: ModelDtype): Promise<ModelFolder> {
  await requireFolder(path, teacherError);
  const model = `onnx/${MODEL_FILES[dtype]}`;
  const required = ["config.json", "tokenizer.json", "tokenizer_config.json", model];
  const hashes: Record<string, string> = {};
  let bytes = 0;
  for (const file of [...required, ...(await dataFiles(path, model))]) {
    const size = await sizeOf(join(path, file));
    if (size === null) throw teacherError(path, file, "no such file");
    if (size === 0) throw teacherError(path, file, "an empty file");
    hashes[file] = await sha256File(join(path, file));
    if (file.startsWith("onnx/")) bytes += size;
  }
  const size = await hiddenSize(path);
  return {
    path,
    weights: join(path, model),
    tokenizer: join(path, "tokenizer.json"),
    size,
    bytes,
    hashes,
  };
}

/** SHA-256 over the model's files. */
export async function fingerprintModel(path: string, dtype: ModelDtype): Promise<string> {
  return digestOf((await openModelFolder(path, dtype)).hashes);
}
