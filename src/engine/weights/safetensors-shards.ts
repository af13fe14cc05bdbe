import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EngineError } from "../errors.ts";
import { openSafetensors } from "./safetensors-file.ts";
import type { WeightFile } from "./weight-file.ts";

/**
 * Opens the safetensors files that an index names, `{ "weight_map": { tensor: file } }`, as one.
 *
 * @throws EngineError `E_FILE` naming the index and the tensor, if the index is broken or a shard lacks the tensor; and
 *   as `decodeSafetensors` does for each shard.
 */
export async function openShards(path: string): Promise<WeightFile> {
  const places = readIndex(await readFile(path, "utf8"), path);
  const shards = new Map<string, WeightFile>();
  const close = async (): Promise<void> => {
    for (const shard of shards.values()) await shard.close();
  };
  const shapes = new Map<string, readonly number[]>();
  try {
    for (const [tensor, file] of places) {
      const shard = shards.get(file) ?? (await openSafetensors(join(dirname(path), file)));
      shards.set(file, shard);
      const shape = shard.shapes.get(tensor);
      if (!shape) throw broken(`tensor ${tensor} in ${file}`, "none", path);
      shapes.set(tensor, shape);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { shapes, read: (name) => shards.get(places.get(name)!)!.read(name), close };
}

function readIndex(json: string, path: string): Map<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(json);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw broken("JSON", `what cannot be parsed (${reason})`, path, { cause });
  }
  const places = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof places !== "object" || places === null || Array.isArray(places)) {
    throw broken(
      "a weight_map from tensors to files",
      places === undefined ? "none" : JSON.stringify(places),
      path,
    );
  }
  const entries = Object.entries(places as Record<string, unknown>);
  return new Map(entries.map(([tensor, file]) => [tensor, requireName(tensor, file, path)]));
}

/** A shard lies beside its index: a path that leads elsewhere is not followed. */
function requireName(tensor: string, file: unknown, path: string): string {
  if (typeof file === "string" && file !== "" && basename(file) === file) return file;
  throw broken(
    `the name of a file beside the index for tensor ${tensor}`,
    JSON.stringify(file),
    path,
  );
}

function broken(expected: string, got: string, path: string, options?: ErrorOptions): EngineError {
  return new EngineError(
    "E_FILE",
    `Expected ${expected}, got ${got} in ${path}. Write or fetch the files again.`,
    options,
  );
}
