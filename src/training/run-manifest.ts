import { rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256File } from "../platform/digest.ts";
import { readJson, writeJson } from "../platform/files.ts";
import type { TrainedRun } from "../types.ts";

/** `train/<variant>/seed-<seed>/manifest.json`: written last, so its presence means that the run is finished. */
export interface RunManifest {
  schema: "limbeck.run/1";
  /** SHA-256 over everything that the weights depend on. */
  digest: string;
  run: TrainedRun;
  /** SHA-256 of the run's files. */
  files: Record<string, string>;
}

/** Declares a run finished. */
export async function writeRunManifest(
  folder: string,
  { digest, run, files }: { digest: string; run: TrainedRun; files: readonly string[] },
): Promise<void> {
  const hashes: Record<string, string> = {};
  for (const file of files) hashes[file] = await sha256File(join(folder, file));
  await writeJson(join(folder, "manifest.json"), {
    schema: "limbeck.run/1",
    digest,
    run,
    files: hashes,
  });
}

/** The finished run of this digest, with its files as they were left; null where it has yet to be trained. */
export async function findFinishedRun(folder: string, digest: string): Promise<TrainedRun | null> {
  const manifest = await readJson<RunManifest>(join(folder, "manifest.json")).catch(() => null);
  if (manifest?.digest !== digest) return null;
  for (const [file, expected] of Object.entries(manifest.files)) {
    if ((await sha256File(join(folder, file)).catch(() => null)) !== expected) return null;
  }
  return manifest.run;
}

/** Takes back that a run is finished, before it is trained again. */
export async function deleteRunManifest(folder: string): Promise<void> {
  await rm(join(folder, "manifest.json"), { force: true });
}
