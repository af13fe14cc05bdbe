import { z } from "zod";
import type { Path } from "./problems.ts";

/** The part of a JSON Schema (draft 2020-12) that messages and `recipe explain` read. */
export interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  const?: string | number | boolean;
  anyOf?: readonly JsonSchema[];
  properties?: Readonly<Record<string, JsonSchema>>;
  required?: readonly string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  minItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  pattern?: string;
}

/** What zod accepts, as JSON Schema; what it cannot say (transforms, checks of ours) is left open. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** The alternatives of a schema; itself where there is one only. */
export function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf?.flatMap((inner) => [...alternatives(inner)]) ?? [schema];
}

function fits(schema: JsonSchema, value: unknown): boolean {
  const type = typeOf(value);
  if (schema.type !== type && !(schema.type === "number" && type === "integer")) return false;
  const kind = schema.properties?.["kind"]?.const;
  const given = (value as { kind?: unknown } | null)?.kind;
  return kind === undefined || given === undefined || kind === given;
}

/** The alternatives of a schema that a value of this type, and of this `kind`, is held against. */
export function matching(schema: JsonSchema, value: unknown): readonly JsonSchema[] {
  return alternatives(schema).filter((inner) => fits(inner, value));
}

/** The schemas that rule the value at a path; more than one where alternatives are left. */
export function schemasAt(root: JsonSchema, path: Path, recipe: unknown): readonly JsonSchema[] {
  let schemas: readonly JsonSchema[] = [root];
  let value = recipe;
  for (const step of path) {
    const holding = schemas.flatMap((schema) => matching(schema, value));
    schemas = holding.flatMap((schema) => {
      const inner = typeof step === "number" ? schema.items : schema.properties?.[step];
      return inner === undefined ? [] : [inner];
    });
    value = (value as Record<string | number, unknown> | null | undefined)?.[step];
  }
  return schemas;
}

/** Keys that the mapping at a path may have. */
export function knownKeys(schemas: readonly JsonSchema[], value: unknown): string[] {
  const holding = schemas.flatMap((schema) => matching(schema, value));
  return [...new Set(holding.flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

/** Words that a value may be, where it is one of a list. */
export function choices(schemas: readonly JsonSchema[]): string[] {
  const all = schemas.flatMap(alternatives);
  return all.flatMap((schema) =>
    (schema.enum ?? ("const" in schema ? [schema.const] : [])).map(String),
  );
}

function describeNumber(schema: JsonSchema): string {
  const noun = schema.type === "integer" ? "a whole number" : "a number";
  const least = schema.minimum;
  const most = (schema.maximum ?? Infinity) < Number.MAX_SAFE_INTEGER ? schema.maximum : undefined;
  const { exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  if (above !== undefined && below !== undefined)
    return `${noun} above ${above} and below ${below}`;
  if (above !== undefined)
    return most === undefined
      ? `${noun} above ${above}`
      : `${noun} above ${above}, ${most} at most`;
  if (least !== undefined && below !== undefined)
    return `${noun}, ${least} or more and below ${below}`;
  if (least !== undefined && most !== undefined) return `${noun} from ${least} to ${most}`;
  if (least !== undefined && least > Number.MIN_SAFE_INTEGER) return `${noun}, ${least} or more`;
  return most === undefined ? noun : `${noun}, ${most} at most`;
}

function describeOne(schema: JsonSchema): string {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) {
    const words = schema.enum.map(String);
    return words.length === 1 ? words[0]! : `one of ${words.join(", ")}`;
  }
  switch (schema.type) {
    case "integer":
    case "number":
      return describeNumber(schema);
    case "boolean":
      return "true or false";
    case "string":
      return "text";
    case "array":
      return `a list of ${schema.items === undefined ? "values" : describe([schema.items])}`;
    case "object": {
      const keys = schema.required ?? Object.keys(schema.properties ?? {});
      return keys.length === 0 ? "a mapping" : `a mapping with ${keys.join(", ")}`;
    }
    default:
      return "a value";
  }
}

/** What is expected, in words: `a whole number, 1 or more, or a list of whole numbers, 0 or more`. */
export function describe(schemas: readonly JsonSchema[]): string {
  const all = schemas.flatMap(alternatives).map(describeOne);
  const words = [...new Set(all)];
  return words.length === 0
    ? "another value"
    : words.join(words.some((word) => word.includes(",")) ? ", or " : " or ");
}

/** What was found, in words. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "a mapping";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
