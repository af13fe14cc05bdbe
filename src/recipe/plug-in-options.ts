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
  registry: Registry;
  /** Keys that belong to the recipe, not to the plug-in. */
  shared: readonly string[];
  preset?: string;
  /** Where the kinds live, for messages. */
  folder: string;
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
  if (section.folder !== TEACHERS || !Array.isArray(list)) return [];
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

const TEACHERS = "teachers/";

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

/** An outcome and those of its members, and of theirs. */
function withAllMembers(outcome: Outcome): Outcome[] {
  const inner = outcome && "members" in outcome ? outcome.members : [];
  return [outcome, ...inner.flatMap(withAllMembers)];
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
    shared: ["kind", "calibrate"],
    folder: TEACHERS,
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
