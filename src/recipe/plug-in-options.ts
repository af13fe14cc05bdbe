import { z, type core } from "zod";
import { students, teachers } from "../registry.ts";
import type { PlugInOptions } from "./json-schema.ts";
import { pathName, type Path, type Problem } from "./problems.ts";
import { suggestion } from "../words/suggest.ts";

type Registry = Readonly<Record<string, () => Promise<{ options: z.ZodType }>>>;
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
  registry: Registry;
  /** Keys that belong to the recipe, not to the plug-in. */
  shared: readonly string[];
  preset?: string;
  /** Where the kinds live, for messages. */
  folder: string;
}

type Outcome =
  { kind: string; schema: z.ZodType; checked: CheckedOptions } | { problem: Problem } | null;

async function check(section: Section): Promise<Outcome> {
  const { value, path, registry, shared } = section;
  if (!isMapping(value)) return null;
  const kind = value["kind"] ?? section.preset;
  if (typeof kind !== "string") return null;
  const load = Object.hasOwn(registry, kind) ? registry[kind] : undefined;
  if (load === undefined) {
    const there = suggestion(kind, Object.keys(registry), `There is in ${section.folder}`);
    const name = pathName([...path, "kind"]);
    const message = `Expected ${name} to be a name in ${section.folder}, got ${JSON.stringify(kind)}. ${there}`;
    return { problem: { path: [...path, "kind"], target: "value", message } };
  }
  const schema = strict((await load()).options);
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

/** Holds the options of the recipe's teacher and students against the plug-ins' own schemas. */
export async function checkPlugIns(recipe: Mapping): Promise<CheckedPlugIns> {
  const student = recipe["student"] ?? {};
  const list = Array.isArray(student);
  const entries: readonly unknown[] = list ? student : [student];
  const teacher = await check({
    value: recipe["teacher"],
    path: ["teacher"],
    registry: teachers,
    shared: ["kind"],
    folder: "teachers/",
  });
  const outcomes = await Promise.all(
    entries.map((value, index) =>
      check({
        value,
        path: list ? ["student", index] : ["student"],
        registry: students,
        shared: ["kind", "name", "embedding"],
        preset: "bilstm",
        folder: "students/",
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
