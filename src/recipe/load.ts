import { basename, dirname, extname, resolve } from "node:path";
import { stringify } from "yaml";
import { contradictions } from "./contradictions.ts";
import type { JsonSchema } from "./expected.ts";
import { toProblems, unknownKey } from "./issues.ts";
import { recipeJsonSchema } from "./json-schema.ts";
import {
  applyOverride,
  findOverride,
  overrideExcerpt,
  parseOverride,
  type Override,
} from "./overrides.ts";
import { checkPlugIns, type CheckedPlugIns } from "./plug-in-options.ts";
import { recipeError, renderProblem, type Problem, withoutMisspelt } from "./problems.ts";
import { readRecipeFile } from "./read-recipe-file.ts";
import { parseRecipeText, type RecipeText } from "./recipe-text.ts";
import { recipeSchema, type Recipe, type RecipeInput, type StudentRecipe } from "./schema.ts";

/** A recipe that has been read, checked and resolved. */
export interface LoadedRecipe {
  recipe: Recipe;
  /** Folder of the file, absolute: paths in the recipe are looked for here first. Null where it was no file. */
  folder: string | null;
  /** The file's text. */
  text: string;
  /** The file, absolute, or null. */
  path: string | null;
  /** The values as they were given, `--set` included, before any default. */
  given: Readonly<Record<string, unknown>>;
  overrides: readonly Override[];
  /** The JSON Schema with the options of this recipe's teacher and students. */
  schema: JsonSchema;
}

export interface LoadOptions {
  /** What `--set` would be given: `train.epochs=5`. */
  set?: readonly string[] | undefined;
}

type Parsed = ReturnType<typeof recipeSchema.safeParse>;

/** Everything that is wrong, in the order of the file; what a flag brought last. */
function fail(
  problems: readonly Problem[],
  text: RecipeText,
  overrides: readonly Override[],
): never {
  const shown = problems
    .map(({ path, target, message }) => {
      const override = findOverride(overrides, path, text.has(path));
      const excerpt = override
        ? overrideExcerpt(override, path, target)
        : text.excerpt({ path, target, message });
      return { order: excerpt.order, rendered: renderProblem(message, excerpt) };
    })
    .sort((a, b) => (a.order === b.order ? 0 : a.order - b.order))
    .map(({ rendered }) => rendered);
  throw recipeError([...new Set(shown)]);
}

function issuesOf(
  parsed: Parsed,
  plugIns: CheckedPlugIns,
  given: Record<string, unknown>,
  schema: JsonSchema,
): Problem[] {
  const context = { schema, recipe: given };
  const own = (parsed.error?.issues ?? []).flatMap((issue) => toProblems(issue, context));
  const teachers = [plugIns.teacher, ...(plugIns.teacher?.members ?? [])];
  const options = [...teachers, ...plugIns.students].flatMap((checked) =>
    (checked?.issues ?? []).flatMap((issue) => toProblems(issue, context, checked?.path)),
  );
  // zod passes over this key, which no mapping of a recipe has.
  const prototype = Object.hasOwn(given, "__proto__") ? [unknownKey([], "__proto__", context)] : [];
  return withoutMisspelt([...own, ...options, ...plugIns.problems, ...prototype]);
}

function resolveStudents(
  parsed: NonNullable<Parsed["data"]>,
  plugIns: CheckedPlugIns,
): StudentRecipe[] {
  const list = Array.isArray(parsed.student) ? parsed.student : [parsed.student];
  return list.map(({ kind, name, embedding }, index) => ({
    kind,
    name: name ?? kind,
    embedding,
    ...plugIns.students[index]?.options,
  }));
}

function nameFrom(path: string | null): string {
  const stem = path === null ? "" : basename(path, extname(path));
  return stem.replaceAll(/[^A-Za-z0-9._-]/g, "-").replace(/^[^A-Za-z0-9]+/, "") || "recipe";
}

function resolveRecipe(
  parsed: NonNullable<Parsed["data"]>,
  plugIns: CheckedPlugIns,
  path: string | null,
): Recipe {
  const { seeds } = parsed.train;
  return {
    ...parsed,
    name: parsed.name ?? nameFrom(path),
    teacher: {
      kind: parsed.teacher.kind,
      calibrate: parsed.teacher.calibrate,
      ...plugIns.teacher?.options,
    },
    student: resolveStudents(parsed, plugIns),
    train: {
      ...parsed.train,
      seeds: typeof seeds === "number" ? Array.from({ length: seeds }, (_, seed) => seed) : seeds,
    },
  };
}

/**
 * Reads a recipe, applies `--set`, checks every key (a teacher's and a student's options by the plug-in's own schema)
 * and writes out every default.
 *
 * @param from - a path, or a text with the path that messages and the recipe's name come from
 * @throws LimbeckError `E_RECIPE` with file, line, column and a caret for everything that is wrong; `E_USAGE` for a
 *   `set` that is not `KEY=VALUE`.
 */
export async function loadRecipe(
  from: string | { text: string; path: string | null },
  options: LoadOptions = {},
): Promise<LoadedRecipe> {
  const overrides = (options.set ?? []).map(parseOverride);
  const { text, path, shown } =
    typeof from === "string"
      ? await readRecipeFile(from)
      : {
          text: from.text,
          path: from.path === null ? null : resolve(from.path),
          shown: from.path ?? "recipe",
        };
  const recipeText = parseRecipeText(text, shown);
  const given = recipeText.value;
  const misplaced = overrides.flatMap((override) => applyOverride(given, override) ?? []);
  if (misplaced.length > 0) fail(misplaced, recipeText, overrides);
  const parsed = recipeSchema.safeParse(given);
  const folder = path === null ? null : dirname(path);
  const plugIns = await checkPlugIns(given, folder);
  const schema = recipeJsonSchema(plugIns.schemas);
  const problems = issuesOf(parsed, plugIns, given, schema);
  if (problems.length > 0 || parsed.data === undefined) fail(problems, recipeText, overrides);
  const recipe = resolveRecipe(parsed.data, plugIns, path);
  const conflicts = contradictions(recipe, Array.isArray(given["student"]));
  if (conflicts.length > 0) fail(conflicts, recipeText, overrides);
  return { recipe, folder, text, path, given, overrides, schema };
}

/**
 * The same for a recipe that is an object of the program: checked, with every default written out.
 *
 * @throws LimbeckError `E_RECIPE` with the place in the object shown as YAML.
 */
export async function recipeFrom(input: RecipeInput): Promise<Recipe> {
  return (await loadRecipe({ text: stringify(input), path: null })).recipe;
}
