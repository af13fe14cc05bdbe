import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { LabelDetails, StageManifest } from "../../src/types.ts";
import { expect } from "vitest";
import { readLogits } from "../../src/labels/read-logits.ts";
import { loadRecipe } from "../../src/recipe/load.ts";
import { run, type RunOptions } from "../../src/run.ts";
import { textId } from "../../src/texts/ids.ts";
import { limbeck, type Finished } from "../helpers/command-line.ts";
import { RIGHT, rightClass, RUNNER_UP } from "./llm-server.ts";

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

/** The only label store below a folder. */
export async function storeRoot(folder: string): Promise<string> {
  const labels = join(folder, ".limbeck/labels");
  const [only, ...more] = await readdir(labels);
  if (only === undefined || more.length > 0) throw new Error("Expected one label store.");
  return join(labels, only);
}

/**
 * log of [0.7, 0.2, floor] over their sum: the third class is not among the alternatives and all the probability is
 * told (0.7 + 0.2 + 0.1), so that it gets the least there is, 1e-10.
 */
function expectedLogits(text: string): number[] {
  const right = rightClass(text, 3);
  const total = Math.log(RIGHT + RUNNER_UP);
  const logits = [0, 0, 0];
  logits[right] = Math.log(RIGHT) - total;
  logits[(right + 1) % 3] = Math.log(RUNNER_UP) - total;
  logits[(right + 2) % 3] = Math.log(1e-10) - total;
  return logits;
}

/** Every text of {@link textsOf} has the logits that the server meant. */
export async function expectAllLabels(folder: string, count: number): Promise<void> {
  const texts = textsOf(count).map(({ text }) => text);
  const logits = await readLogits(await storeRoot(folder), texts.map(textId));
  texts.forEach((text, row) => {
    const got = [...logits.subarray(row * 3, row * 3 + 3)];
    expectedLogits(text).forEach((value, index) => {
      expect(got[index]).toBeCloseTo(value, 4);
    });
  });
}
