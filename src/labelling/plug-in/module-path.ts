import { extname, isAbsolute, resolve } from "node:path";

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs"];

/** Whether a teacher's kind is a file of the user's, such as `./my-teacher.ts`, and not a name in teachers/. */
export function isModulePath(kind: string): boolean {
  return /^\.{1,2}[/\\]/.test(kind) || isAbsolute(kind) || EXTENSIONS.includes(extname(kind));
}

/**
 * Where that file lies, absolute: beside the recipe and nowhere else, since it is code that will run.
 *
 * @param recipeFolder - null where the recipe is an object: the working directory
 */
export function resolveModulePath(kind: string, recipeFolder: string | null): string {
  return resolve(recipeFolder ?? "", kind);
}

/** What a user should know before such a teacher is used. */
export function moduleNotice(path: string): string {
  return `The teacher runs code from the recipe's folder: ${path}`;
}
