import { LimbeckError } from "../errors.ts";
import { teachers } from "../registry.ts";
import type { TeacherEntry, TeacherKind } from "../types.ts";
import { suggestion } from "../words/suggest.ts";
import { isModulePath } from "./plug-in/module-path.ts";

/**
 * The kind of teacher of a name in teachers/ or of a module's path.
 *
 * @param recipeFolder - where a module is looked for; null where the recipe is an object: the working directory
 * @param key - what the message calls the place in the recipe
 * @throws LimbeckError `E_RECIPE` for a kind that does not exist, or a module that cannot be used.
 */
export async function loadKind(
  name: string,
  recipeFolder: string | null,
  key = "teacher.kind",
): Promise<TeacherKind> {
  const load = Object.hasOwn(teachers, name) ? teachers[name] : undefined;
  if (load !== undefined) return await load();
  // Imported here: most recipes name no module.
  if (isModulePath(name))
    return await (await import("./plug-in/load-module.ts")).loadModule(name, recipeFolder);
  const there = suggestion(name, Object.keys(teachers), "There is in teachers/");
  throw new LimbeckError(
    "E_RECIPE",
    `Expected ${key} to be a name in teachers/ or a path such as ./my-teacher.ts, got ${JSON.stringify(name)}. ${there}`,
  );
}

/** A teacher's own options: without the keys that all kinds share, which the stages read. */
function withoutShared(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([key]) => key !== "calibrate"));
}

/**
 * The kind of teacher that an entry of a recipe names, with its options checked and defaults filled in.
 *
 * @param recipeFolder - see {@link loadKind}
 * @throws LimbeckError `E_RECIPE` likewise.
 */
export async function findKind(
  entry: TeacherEntry,
  recipeFolder: string | null,
): Promise<{ kind: TeacherKind; options: unknown }> {
  const { kind: name, ...given } = entry;
  const kind = await loadKind(name, recipeFolder);
  return { kind, options: kind.options.parse(withoutShared(given)) };
}
