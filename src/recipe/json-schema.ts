import type { z } from "zod";
import { students, teachers } from "../registry.ts";
import { toJsonSchema, type JsonSchema } from "./expected.ts";
import { recipeSchema } from "./schema.ts";

/** The options of the kinds of plug-in that are considered, by kind. */
export interface PlugInOptions {
  teachers: Readonly<Record<string, z.ZodType>>;
  students: Readonly<Record<string, z.ZodType>>;
}

/** The keys that every kind shares together with the kind's own: closed, so that editors mark a misspelt key. */
function ofKind(shared: JsonSchema, kind: string, options: z.ZodType): JsonSchema {
  const own = toJsonSchema(options);
  const name: JsonSchema = { ...shared.properties?.["kind"], type: "string", const: kind };
  const required = [...new Set([...(shared.required ?? []), ...(own.required ?? [])])];
  return {
    ...shared,
    properties: { ...shared.properties, kind: name, ...own.properties },
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** Teachers of teachers of teachers are checked as deep as they go, but described to editors this deep. */
const DEEPEST_MEMBERS = 3;

/** The schema of a teacher that is made of others, with the options of those. */
function withMemberKinds(
  schema: JsonSchema,
  options: Readonly<Record<string, z.ZodType>>,
  depth: number,
): JsonSchema {
  const members = schema.properties?.["members"];
  const one = members?.items;
  if (members === undefined || one === undefined || depth > DEEPEST_MEMBERS) return schema;
  const { additionalProperties: _, ...shared } = one;
  const items = anyTeacher(shared, options, depth + 1);
  return { ...schema, properties: { ...schema.properties, members: { ...members, items } } };
}

function anyTeacher(
  shared: JsonSchema,
  options: Readonly<Record<string, z.ZodType>>,
  depth = 0,
): JsonSchema {
  const any = anyKind(shared, options);
  const mend = (schema: JsonSchema) => withMemberKinds(schema, options, depth);
  return any.anyOf ? { ...any, anyOf: any.anyOf.map(mend) } : mend(any);
}

function anyKind(shared: JsonSchema, options: Readonly<Record<string, z.ZodType>>): JsonSchema {
  const kinds = Object.entries(options).map(([kind, schema]) => ofKind(shared, kind, schema));
  const { description } = shared;
  return kinds.length === 1 ? kinds[0]! : { ...(description ? { description } : {}), anyOf: kinds };
}

/** A teacher that is a module beside the recipe: what options it takes, the module alone knows. */
function ofModule(shared: JsonSchema): JsonSchema {
  const kind: JsonSchema = {
    type: "string",
    pattern: "^\\.{0,2}/|\\.m?[jt]s$",
    description: "path of a module beside the recipe that exports a teacher: its code runs",
  };
  return { ...shared, properties: { ...shared.properties, kind } };
}

/** The recipe's JSON Schema with the options of these plug-ins; of a kind that is not among them, any key is let pass. */
export function recipeJsonSchema(options: PlugInOptions): JsonSchema {
  const root = toJsonSchema(recipeSchema);
  const properties = { ...root.properties };
  const teacher = properties["teacher"];
  if (teacher !== undefined && Object.keys(options.teachers).length > 0) {
    properties["teacher"] = anyTeacher(teacher, options.teachers);
  }
  const student = properties["student"];
  const one = student?.anyOf?.[0];
  const list = student?.anyOf?.[1];
  if (student && one && list && Object.keys(options.students).length > 0) {
    const kinds = anyKind(one, options.students);
    properties["student"] = { ...student, anyOf: [kinds, { ...list, items: kinds }] };
  }
  return { ...root, properties };
}

/**
 * The JSON Schema (draft 2020-12) of a recipe with every known teacher and student, for editors to complete from:
 * what `limbeck recipe schema` prints.
 */
export async function fullJsonSchema(): Promise<JsonSchema> {
  const optionsOf = async (
    registry: Readonly<Record<string, () => Promise<{ options: z.ZodType }>>>,
  ) =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(registry).map(
          async ([kind, load]) => [kind, (await load()).options] as const,
        ),
      ),
    );
  const schema = recipeJsonSchema({
    teachers: await optionsOf(teachers),
    students: await optionsOf(students),
  });
  const properties = { ...schema.properties };
  const shared = toJsonSchema(recipeSchema).properties?.["teacher"];
  const known = properties["teacher"];
  if (shared !== undefined && known !== undefined) {
    const { description, ...named } = known;
    const anyOf = [...(named.anyOf ?? [named]), ofModule(shared)];
    properties["teacher"] = { ...(description ? { description } : {}), anyOf };
  }
  return { title: "Limbeck recipe", ...schema, properties } as JsonSchema;
}
