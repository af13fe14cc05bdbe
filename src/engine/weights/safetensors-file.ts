import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { EngineError } from "../errors.ts";
import { findData, LENGTH_BYTES, readHeader } from "../safetensors-header.ts";
import { decodeEntry } from "../safetensors.ts";
import type { WeightFile } from "./weight-file.ts";

/**
 * Opens a safetensors file and checks its header; a tensor's data is read when it is asked for. Tensors of integers
 * (such as BERT's position ids) are listed, but cannot be read.
 *
 * @throws EngineError `E_FILE` as `decodeSafetensors` does.
 */
export async function openSafetensors(path: string): Promise<WeightFile> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = await readRange(file, { path, from: 0, length: Math.min(size, LENGTH_BYTES) });
    const dataStart = findData(start, path, size);
    const header = await readRange(file, { path, from: 0, length: dataStart });
    const { entries } = readHeader(header, path, size);
    const byName = new Map(entries.map((entry) => [entry.tensor, entry]));
    return {
      shapes: new Map(entries.map(({ tensor, shape }) => [tensor, shape])),
      async read(name) {
        const entry = byName.get(name)!;
        const from = dataStart + entry.begin;
        const length = entry.end - entry.begin;
        return decodeEntry(entry, await readRange(file, { path, from, length }), path);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readRange(
  file: FileHandle,
  { path, from, length }: { path: string; from: number; length: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  // One read gives at most 2 GiB, and may give less than it was asked for.
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, from + done);
    if (bytesRead === 0) {
      throw new EngineError(
        "E_FILE",
        `Expected ${length} bytes from byte ${from}, got ${done} in ${path}. Something made the file shorter while it was read.`,
      );
    }
    done += bytesRead;
  }
  return bytes;
}
