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
  /** Teachers that this one is made of, and what they are made of in turn. */
  members: readonly CheckedOptions[];
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
  /** Whether its `members` are plug-ins of the same sort. */
  hasMembers?: boolean;
}

interface Found {
  kind: string;
  schema: z.ZodType;
  checked: CheckedOptions;
  /** What became of the members. */
  members: readonly Outcome[];
}

type Outcome = Found | { problem: Problem } | null;

/** The keys of a member that are its owner's, not its kind's. */
const MEMBER_KEYS = ["kind", "weight"];

/** Teachers that a teacher is made of: each held against its own kind's schema, at its own place. */
async function checkMembers(section: Section): Promise<Outcome[]> {
  const list = (section.value as Mapping)["members"];
  if (section.hasMembers !== true || !Array.isArray(list)) return [];
  return await Promise.all(
    list.map((value: unknown, index) =>
      check({
        ...section,
        value,
        path: [...section.path, "members", index],
        shared: MEMBER_KEYS,
      }),
    ),
  );
}

/** The members with their defaults written out; of one with issues, what was given. */
function withMembers(options: Mapping, members: readonly Outcome[]): Mapping {
  const list = options["members"];
  if (!Array.isArray(list) || members.length === 0) return options;
  const resolved = list.map((given: Mapping, index) => {
    const member = members[index];
    const own = member && "checked" in member ? member.checked.options : {};
    return { ...given, ...own };
  });
  return { ...options, members: resolved };
}

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
  const members = await checkMembers(section);
  return {
    kind,
    schema,
    members,
    checked: {
      path,
      options: result.success ? withMembers(result.data as Mapping, members) : {},
      issues: result.error?.issues ?? [],
      members: members.flatMap((member) =>
        member && "checked" in member ? [member.checked, ...member.checked.members] : [],
      ),
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

/** An outcome and those of its members, and of theirs. */
function withAllMembers(outcome: Outcome): Outcome[] {
  const inner = outcome && "members" in outcome ? outcome.members : [];
  return [outcome, ...inner.flatMap(withAllMembers)];
}

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
    shared: ["kind", "calibrate"],
    hasMembers: true,
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
  const teacherOutcomes = withAllMembers(teacher);
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
    problems: [...teacherOutcomes, ...outcomes].flatMap((outcome) =>
      outcome !== null && "problem" in outcome ? [outcome.problem] : [],
    ),
    schemas: { teachers: schemasOf(teacherOutcomes), students: schemasOf(outcomes) },
  };
}
