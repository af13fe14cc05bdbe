import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { LimbeckError } from "../errors.ts";
import { sha256File } from "../platform/digest.ts";
import { readJson, writeJson } from "../platform/files.ts";
import type { StageManifest, StageName } from "../types.ts";

const MANIFEST = "manifest.json";

/** Where a stage's manifest lies. */
export function manifestPath(run: string, stage: StageName): string {
  return join(run, stage, MANIFEST);
}

/** The manifest of a stage, or null where the stage is not complete. */
export async function findManifest<Details>(
  run: string,
  stage: StageName,
): Promise<StageManifest<Details> | null> {
  return await readJson<StageManifest<Details>>(manifestPath(run, stage));
}

/**
 * The manifest of an earlier stage.
 *
 * @throws LimbeckError `E_USAGE` where the stage is not complete, with the command that completes it.
 */
export async function readManifest<Details>(
  run: string,
  stage: StageName,
): Promise<StageManifest<Details>> {
  const manifest = await findManifest<Details>(run, stage);
  if (manifest === null) {
    throw new LimbeckError(
      "E_USAGE",
      `Expected stage ${stage} to be complete in ${run}, got no ${stage}/${MANIFEST}. Run: npx limbeck ${stage} RECIPE.`,
    );
  }
  return manifest;
}

/** Writes a stage's manifest, and with it declares the stage complete. */
export async function writeManifest(run: string, manifest: StageManifest): Promise<void> {
  await writeJson(manifestPath(run, manifest.stage), manifest);
}

/** SHA-256 of every file that a stage left, by path with forward slashes; hidden and temporary files do not count. */
export async function hashStageFiles(
  run: string,
  stage: StageName,
): Promise<Record<string, string>> {
  const folder = join(run, stage);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter(
      (entry) => entry.isFile() && !entry.name.startsWith(".") && !entry.name.endsWith(".tmp"),
    )
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => path !== MANIFEST)
    .sort();
  const hashes: Record<string, string> = {};
  for (const path of paths) hashes[path] = await sha256File(join(folder, path));
  return hashes;
}

/** The first file that is missing or no longer what the manifest says, or null where all are as they were left. */
export async function findChangedFile(
  run: string,
  manifest: StageManifest,
): Promise<string | null> {
  for (const [path, expected] of Object.entries(manifest.files)) {
    const hash = await sha256File(join(run, manifest.stage, path)).catch(() => null);
    if (hash !== expected) return `${manifest.stage}/${path}`;
  }
  return null;
}
