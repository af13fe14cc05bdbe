import { join, resolve } from "node:path";
import { LimbeckError } from "../errors.ts";
import type { IdentifiedText, LabelDetails, PrepareDetails, StageManifest } from "../types.ts";
import { readJson } from "../platform/files.ts";
import { readAllTexts } from "./read-texts.ts";

/** The run of a recipe as far as its label stage. */
export interface RecipeRun {
  folder: string;
  prepare: PrepareDetails;
  /** Null where the label stage is not complete. */
  label: LabelDetails | null;
}

async function detailsOf<Details>(run: string, stage: string): Promise<Details | null> {
  const manifest = await readJson<StageManifest<Details>>(join(run, stage, "manifest.json"));
  return manifest?.details ?? null;
}

/**
 * What a recipe's run has on disk.
 *
 * @param out - the run's folder; default `runs/<name>` in the working directory
 * @throws LimbeckError `E_USAGE` where its texts have not been prepared.
 */
export async function readRecipeRun(name: string, out?: string): Promise<RecipeRun> {
  const folder = resolve(out ?? join("runs", name));
  const prepare = await detailsOf<PrepareDetails>(folder, "prepare");
  if (prepare === null) {
    throw new LimbeckError(
      "E_USAGE",
      `Expected the recipe's texts in ${folder}, got no complete stage prepare. Run: npx limbeck prepare RECIPE, or name the run's folder.`,
    );
  }
  return { folder, prepare, label: await detailsOf<LabelDetails>(folder, "label") };
}

/** Every text of a run by id. */
export async function textsById({ folder }: RecipeRun): Promise<Map<string, string>> {
  const texts: IdentifiedText[] = await readAllTexts(folder);
  return new Map(texts.map(({ id, text }) => [id, text]));
}
