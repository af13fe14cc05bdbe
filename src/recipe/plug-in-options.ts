import { z, type core } from "zod";
import { LimbeckError } from "../errors.ts";
import { loadKind } from "../labelling/find-kind.ts";
import { students } from "../registry.ts";
import type { PlugInOptions } from "./json-schema.ts";
import { pathName, type Path, type Problem } from "./problems.ts";
import { suggestion } from "../words/suggest.ts";

/** Finds a plug-in of a kind. @throws LimbeckError `E_RECIPE` where there is none, with `key` as the place. */
type LoadPlugIn = (kind: string, key: string) => Promise<{ options: z.ZodType }>;
type Mapping = Record<string, unknown>;

/** The options of one teacher or student of the recipe. */
export interface CheckedOptions {
  /** Every default written out; empty where there are issues. */
  options: Mapping;
  issues: readonly core.$ZodIssue[];
  /** Where the teacher or student lies in the recipe. */
  path: Path;
}

export interface CheckedPlugIns {
  teacher: CheckedOptions | null;
  students: readonly (CheckedOptions | null)[];
  /** Kinds that do not exist. */
  problems: readonly Problem[];
  /** The schemas that were used, by kind. */
  schemas: PlugInOptions;
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object schema that refuses unknown keys even where its author forgot to say so. */
function strict(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined
    ? schema.strict()
    : schema;
}

/** A section of the recipe that names a plug-in by its `kind`. */
interface Section {
  value: unknown;
  path: Path;
  load: LoadPlugIn;
  /** Keys that belong to the recipe, not to the plug-in. */
  shared: readonly string[];
  preset?: string;
}

type Outcome =
  { kind: string; schema: z.ZodType; checked: CheckedOptions } | { problem: Problem } | null;

async function check(section: Section): Promise<Outcome> {
  const { value, path, load, shared } = section;
  if (!isMapping(value)) return null;
  const kind = value["kind"] ?? section.preset;
  if (typeof kind !== "string") return null;
  let schema: z.ZodType;
  try {
    schema = strict((await load(kind, pathName([...path, "kind"]))).options);
  } catch (thrown) {
    if (!(thrown instanceof LimbeckError) || thrown.code !== "E_RECIPE") throw thrown;
    return { problem: { path: [...path, "kind"], target: "value", message: thrown.message } };
  }
  const own = Object.fromEntries(Object.entries(value).filter(([key]) => !shared.includes(key)));
  const result = schema.safeParse(own);
  return {
    kind,
    schema,
    checked: {
      path,
      options: result.success ? (result.data as Mapping) : {},
      issues: result.error?.issues ?? [],
    },
  };
}

const loadStudent: LoadPlugIn = async (kind, key) => {
  const load = Object.hasOwn(students, kind) ? students[kind] : undefined;
  if (load !== undefined) return await load();
  const there = suggestion(kind, Object.keys(students), "There is in students/");
  throw new LimbeckError(
    "E_RECIPE",
    `Expected ${key} to be a name in students/, got ${JSON.stringify(kind)}. ${there}`,
  );
};

/**
 * Holds the options of the recipe's teacher and students against the plug-ins' own schemas.
 *
 * @param folder - the recipe's, where a teacher that is a module is looked for; null where the recipe is an object
 */
export async function checkPlugIns(
  recipe: Mapping,
  folder: string | null,
): Promise<CheckedPlugIns> {
  const student = recipe["student"] ?? {};
  const list = Array.isArray(student);
  const entries: readonly unknown[] = list ? student : [student];
  const teacher = await check({
    value: recipe["teacher"],
    path: ["teacher"],
    load: (kind, key) => loadKind(kind, folder, key),
    shared: ["kind"],
  });
  const outcomes = await Promise.all(
    entries.map((value, index) =>
      check({
        value,
        path: list ? ["student", index] : ["student"],
        load: loadStudent,
        shared: ["kind", "name", "embedding"],
        preset: "bilstm",
      }),
    ),
  );
  const checkedOf = (outcome: Outcome) =>
    outcome !== null && "checked" in outcome ? outcome.checked : null;
  const schemasOf = (some: readonly Outcome[]) =>
    Object.fromEntries(
      some.flatMap((outcome) =>
        outcome !== null && "checked" in outcome ? [[outcome.kind, outcome.schema] as const] : [],
      ),
    );
  return {
    teacher: checkedOf(teacher),
    students: outcomes.map(checkedOf),
    problems: [teacher, ...outcomes].flatMap((outcome) =>
      outcome !== null && "problem" in outcome ? [outcome.problem] : [],
    ),
    schemas: { teachers: schemasOf([teacher]), students: schemasOf(outcomes) },
  };
}
