import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { packageRoot } from "./package-root.ts";

/**
 * Where a path of the recipe may lie, absolute, in the order of search: beside the recipe, in the working directory, in
 * the package.
 *
 * @param recipeFolder - null where the recipe is an object
 */
export function recipePathCandidates(path: string, recipeFolder: string | null): string[] {
  if (isAbsolute(path)) return [path];
  const folders = [recipeFolder ?? process.cwd(), process.cwd(), packageRoot()];
  return [...new Set(folders.map((folder) => resolve(join(folder, path))))];
}

/** The first candidate that exists; where none does, the one beside the recipe, so that errors name what was meant. */
export function resolveRecipePath(path: string, recipeFolder: string | null): string {
  const candidates = recipePathCandidates(path, recipeFolder);
  return candidates.find((candidate) => existsSync(candidate)) ?? candidates[0]!;
}
