import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { LimbeckError } from "../errors.ts";
import { packageRoot } from "../platform/package-root.ts";

/** A recipe's file. */
export interface RecipeFile {
  text: string;
  /** Absolute. */
  path: string;
  /** As messages name it: the way the user did. */
  shown: string;
}

const TEXTS = /\.(csv|tsv|jsonl|parquet|txt|gz)$/i;

function fail(message: string, cause?: unknown): never {
  throw new LimbeckError("E_RECIPE", message, { cause });
}

/** A recipe lies where the user says, or, so that the examples run from anywhere, in the package: recipes/…. */
function locate(path: string): string {
  const here = resolve(path);
  if (existsSync(here) || !/^(\.[/\\])?recipes[/\\]/.test(path)) return here;
  const packaged = resolve(packageRoot(), path);
  return existsSync(packaged) ? packaged : here;
}

function decode(bytes: Uint8Array, shown: string): string {
  const cure = TEXTS.test(shown)
    ? `If these are your texts, have a recipe written for them: npx limbeck init ${shown}`
    : "Save it as UTF-8.";
  if (bytes.includes(0)) fail(`${shown}: Expected a YAML recipe, got a binary file. ${cure}`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (thrown) {
    fail(`${shown}: Expected a recipe in UTF-8, got other bytes. ${cure}`, thrown);
  }
}

/**
 * Reads the text of a recipe.
 *
 * @throws LimbeckError `E_RECIPE` where it is missing, a folder, texts instead of a recipe, empty, or not UTF-8.
 */
export async function readRecipeFile(shown: string): Promise<RecipeFile> {
  const path = locate(shown);
  const found = await stat(path).catch((thrown: unknown) => thrown as NodeJS.ErrnoException);
  if (found instanceof Error) {
    if (found.code !== "ENOENT" && found.code !== "ENOTDIR") {
      fail(
        `${shown}: Expected a recipe, got ${found.code ?? "an error"}: ${found.message}.`,
        found,
      );
    }
    fail(
      `Expected a recipe at ${shown}, got no such file. ` +
        "Try recipes/quickstart.yaml, or have one written for your texts: npx limbeck init FILE",
    );
  }
  if (found.isDirectory()) {
    const run = existsSync(resolve(path, "recipe.yaml"))
      ? ` Its recipe is ${shown}/recipe.yaml.`
      : "";
    fail(`${shown}: Expected a recipe file, got a folder. Name the .yaml file.${run}`);
  }
  if (TEXTS.test(path)) {
    fail(
      `${shown}: Expected a YAML recipe, got ${basename(path)}. ` +
        `If these are your texts, have a recipe written for them: npx limbeck init ${shown}`,
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    fail(
      `${shown}: Expected a readable recipe, got: ${(thrown as Error).message}. Mend its permissions.`,
      thrown,
    );
  }
  const text = decode(bytes, shown);
  if (text.trim() === "") {
    fail(
      `${shown}: Expected a recipe, got an empty file. Start from recipes/your-texts.yaml, or: npx limbeck init FILE`,
    );
  }
  return { text, path, shown };
}
