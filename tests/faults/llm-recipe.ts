import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { LabelDetails, StageManifest } from "../../src/types.ts";
import { loadRecipe } from "../../src/recipe/load.ts";
import { run, type RunOptions } from "../../src/run.ts";
import { limbeck, type Finished } from "../helpers/command-line.ts";

export const CLASSES = ["card", "cash", "transfer"];

/** Texts of three classes, all different. */
export function textsOf(count: number): { text: string; label: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    text: `text number ${index} about ${CLASSES[index % 3]!}`,
    label: CLASSES[index % 3]!,
  }));
}

/** A recipe for `count` texts and a teacher on a server, with waits as short as a test wants them. */
export async function writeLlmRecipe(
  folder: string,
  count: number,
  teacher: Record<string, unknown>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const lines = textsOf(count).map(({ text, label }) => `${label}\t${text}`);
  await writeFile(join(folder, "texts.tsv"), `${["label\ttext", ...lines].join("\n")}\n`);
  const recipe = {
    name: "llm",
    data: { source: { train: "texts.tsv" }, labelled: { perClass: 2 }, testShare: 0.2 },
    teacher: { kind: "llm", model: "tiny", backoff: 0.01, timeout: 0.5, retries: 3, ...teacher },
  };
  await writeFile(join(folder, "recipe.yaml"), stringify(recipe));
}

export const label = (folder: string, ...flags: string[]): Promise<Finished> =>
  limbeck(["label", "recipe.yaml", ...flags], { folder });

/** The same in this process, which starts sooner. */
export async function labelHere(folder: string, options: Partial<RunOptions> = {}): Promise<void> {
  const { recipe, folder: recipeFolder } = await loadRecipe(join(folder, "recipe.yaml"));
  await run(recipe, {
    recipeFolder,
    out: join(folder, "runs/llm"),
    labelsFolder: join(folder, ".limbeck/labels"),
    until: "label",
    ...options,
  });
}

export async function labelDetails(folder: string): Promise<LabelDetails> {
  const path = join(folder, "runs/llm/label/manifest.json");
  return (JSON.parse(await readFile(path, "utf8")) as StageManifest<LabelDetails>).details;
}

/** The content of every file below a folder, by path. */
export async function allFiles(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, string>();
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files.set(path, (await readFile(path)).toString("latin1"));
  }
  return files;
}
