import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { explainFileError } from "../platform/files.ts";
import type { TrainingSet } from "../fitting/training-set.ts";

/**
 * Leaves a set for the worker processes of this command: raw little-endian arrays beside a small header. Not an
 * output: it is made anew whenever training starts.
 */
export async function writeSet(folder: string, set: TrainingSet): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const name of ["tokens", "offsets", "labels", "logits"] as const) {
      const array = set[name];
      if (array === null) continue;
      await writeFile(
        join(folder, name),
        new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
      );
    }
    await writeFile(join(folder, "ids"), set.ids.join("\n"));
    const header = { rows: set.rows, classes: set.classes, logits: set.logits !== null };
    await writeFile(join(folder, "set.json"), JSON.stringify(header));
  } catch (thrown) {
    throw explainFileError(thrown, folder);
  }
}

/** Reads what {@link writeSet} left. */
export async function readSet(folder: string): Promise<TrainingSet> {
  const header = JSON.parse(await readFile(join(folder, "set.json"), "utf8")) as {
    rows: number;
    classes: number;
    logits: boolean;
  };
  const integers = async (name: string) => new Int32Array(await aligned(join(folder, name)));
  return {
    rows: header.rows,
    classes: header.classes,
    tokens: await integers("tokens"),
    offsets: await integers("offsets"),
    labels: await integers("labels"),
    ids: (await readFile(join(folder, "ids"), "utf8")).split("\n").slice(0, header.rows),
    logits: header.logits ? new Float32Array(await aligned(join(folder, "logits"))) : null,
  };
}

/** A file's bytes in a buffer of their own: Node's small buffers share one and start anywhere. */
async function aligned(path: string): Promise<ArrayBuffer> {
  const bytes = await readFile(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
