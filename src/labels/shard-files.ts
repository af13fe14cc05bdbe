import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import type { RowFormat } from "./rows.ts";
import { readShard, type ReadShard } from "./shard.ts";

const SHARD = /^part-.*\.parquet$/;
/** A temporary file this old belongs to no process that still writes. */
const STALE_MILLISECONDS = 3_600_000;

/** Names of a store's shards, sorted. */
export async function listShards(root: string): Promise<string[]> {
  return (await readdir(root)).filter((name) => SHARD.test(name)).sort();
}

/** Why a shard gave no rows: `gone` when another process has merged it into a larger one since it was listed. */
export type ShardOutcome = ReadShard | "gone" | { damaged: LimbeckError };

/**
 * Reads a shard that was listed a moment ago.
 *
 * @throws LimbeckError `E_STORE` when it belongs to another store.
 */
export async function tryShard(
  root: string,
  name: string,
  format: Omit<RowFormat, "extras">,
): Promise<ShardOutcome> {
  try {
    return await readShard(join(root, name), format);
  } catch (thrown) {
    if (!(thrown instanceof LimbeckError) || thrown.code !== "E_DATA") throw thrown;
    const { code } = (thrown.cause ?? {}) as NodeJS.ErrnoException;
    return code === "ENOENT" ? "gone" : { damaged: thrown };
  }
}

/** Damaged shards leave the way of the resumed run, yet stay to be looked at. */
export async function moveAside(root: string, name: string): Promise<void> {
  await mkdir(join(root, "damaged"), { recursive: true });
  await rename(join(root, name), join(root, "damaged", name)).catch((thrown: unknown) => {
    // Another process has found it as well.
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
  });
}

/** Removes what a killed process left half-written. */
export async function removeStaleTemporaries(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.endsWith(".tmp")) continue;
    const path = join(root, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > STALE_MILLISECONDS)
      await rm(path, { force: true });
  }
}
