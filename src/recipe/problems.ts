import { LimbeckError } from "../errors.ts";

/** Where a value lies in a recipe: keys and list indices from the root. */
export type Path = readonly (string | number)[];

/** Something wrong with a recipe. */
export interface Problem {
  path: Path;
  /** Whether the caret goes under the key or under its value. A path that does not exist falls back to its parent. */
  target: "key" | "value";
  message: string;
  /** The key that is not there. */
  missing?: Path;
  /** The key that was probably meant. */
  meant?: Path;
}

/** A stretch of one source line, shown with a caret below it. */
export interface Excerpt {
  /** `file:line:column`, or the flag that the value came from. */
  place: string;
  /** Problems are shown in this order. */
  order: number;
  /** The source line and what stands before it, such as `12 | `. */
  margin: string;
  line: string;
  /** From 0. */
  column: number;
  length: number;
}

const MOST_SHOWN = 10;

/** A key that is missing because it is misspelt is one mistake, not two. */
export function withoutMisspelt(problems: readonly Problem[]): Problem[] {
  const meant = new Set(problems.flatMap((problem) => problem.meant?.join(".") ?? []));
  return problems.filter(({ missing }) => missing === undefined || !meant.has(missing.join(".")));
}

/** `train.seeds.0`; the root is "the recipe". */
export function pathName(path: Path): string {
  return path.length === 0 ? "the recipe" : path.join(".");
}

/** The message, the line that it is about, and a caret below the place. */
export function renderProblem(message: string, excerpt: Excerpt): string {
  const { place, margin, line, column, length } = excerpt;
  // Tabs are kept so that the caret stays below its place however wide a tab is shown.
  const lead = line.slice(0, column).replaceAll(/[^\t]/g, " ");
  const carets = "^".repeat(Math.max(1, Math.min(length, line.length - column)));
  const blank = margin.replaceAll(/[^|]/g, " ");
  return `${place}: ${message}\n  ${margin}${line}\n  ${blank}${lead}${carets}`;
}

/** One error for all the problems of a recipe, in the order of the file. */
export function recipeError(rendered: readonly string[], cause?: unknown): LimbeckError {
  const shown = rendered.slice(0, MOST_SHOWN);
  const more = rendered.length - shown.length;
  if (more > 0) shown.push(`… and ${more} more.`);
  return new LimbeckError("E_RECIPE", shown.join("\n"), { cause });
}
