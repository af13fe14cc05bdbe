import { alternatives, matching, type JsonSchema } from "./expected.ts";
import type { LoadedRecipe } from "./load.ts";
import { findOverride } from "./overrides.ts";
import type { Path } from "./problems.ts";

/** One key of a recipe and why it is as it is. */
export interface ExplainedKey {
  key: string;
  value: unknown;
  origin: "recipe" | "--set" | "default";
  reason: string;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function holds(given: unknown, path: Path): boolean {
  let value = given;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return false;
    value = (value as Record<string | number, unknown>)[step];
  }
  return true;
}

/** The resolved recipe always lists its students; the file may name a single one. */
function pathAsGiven(path: Path, given: LoadedRecipe["given"]): Path {
  const single =
    path[0] === "student" && typeof path[1] === "number" && !Array.isArray(given["student"]);
  return single ? ["student", ...path.slice(2)] : path;
}

function originOf(path: Path, { given, overrides }: LoadedRecipe): ExplainedKey["origin"] {
  const asGiven = pathAsGiven(path, given);
  if (!holds(given, asGiven)) return "default";
  return findOverride(overrides, asGiven, true) === null ? "recipe" : "--set";
}

/** Every key of the recipe, leaf by leaf, with its value, where that comes from, and the reason for the key. */
export function explainRecipe(loaded: LoadedRecipe): ExplainedKey[] {
  const rows: ExplainedKey[] = [];
  const visit = (
    schemas: readonly JsonSchema[],
    value: unknown,
    path: Path,
    inherited: string,
  ): void => {
    const reason =
      schemas.find(({ description }) => description !== undefined)?.description ?? inherited;
    const holding = schemas.flatMap((schema) => matching(schema, value));
    if (isMapping(value)) {
      const keys = new Set([
        ...holding.flatMap((schema) => Object.keys(schema.properties ?? {})),
        ...Object.keys(value),
      ]);
      // An alternative's keys that this value does not have are not its own: { perClass } or { count }.
      const several =
        schemas.flatMap(alternatives).filter(({ type }) => type === "object").length > 1;
      for (const key of keys) {
        if (several && !(key in value)) continue;
        const inner = holding.flatMap((schema) => schema.properties?.[key] ?? []);
        visit(inner, value[key], [...path, key], reason);
      }
    } else if (Array.isArray(value) && value.some(isMapping)) {
      const inner = holding.flatMap((schema) => schema.items ?? []);
      for (const [index, item] of value.entries()) visit(inner, item, [...path, index], reason);
    } else {
      rows.push({ key: path.join("."), value, origin: originOf(path, loaded), reason });
    }
  };
  visit([loaded.schema], loaded.recipe, [], "");
  return rows;
}
