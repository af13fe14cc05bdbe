import type { core } from "zod";
import {
  alternatives,
  choices,
  describe,
  describeValue,
  knownKeys,
  matching,
  schemasAt,
  type JsonSchema,
} from "./expected.ts";
import { pathName, type Path, type Problem } from "./problems.ts";
import { nearest, suggestion } from "../words/suggest.ts";

type Issue = core.$ZodIssue;

/** What an issue is explained with. */
export interface IssueContext {
  schema: JsonSchema;
  /** The recipe as given: plain values. */
  recipe: unknown;
}

function valueAt(recipe: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Record<string | number, unknown> | null | undefined)?.[step],
    recipe,
  );
}

/** A key that no mapping at this place knows. */
export function unknownKey(path: Path, key: string, context: IssueContext): Problem {
  const known = knownKeys(
    schemasAt(context.schema, path, context.recipe),
    valueAt(context.recipe, path),
  );
  const owner = path.length === 0 ? "the recipe" : pathName(path);
  const cure =
    known.length === 0
      ? "Remove it: nothing can be set here."
      : suggestion(key, known, "Known keys");
  const near = nearest(key, known);
  return {
    path: [...path, key],
    target: "key",
    ...(near === null ? {} : { meant: [...path, near] }),
    message: `Expected a key of ${owner}, got ${JSON.stringify(key)}. ${cure}`,
  };
}

function missingKey(path: Path, context: IssueContext): Problem {
  const schemas = schemasAt(context.schema, path, context.recipe);
  const meaning = schemas.find(({ description }) => description !== undefined)?.description;
  const words = choices(schemas);
  const choice = words.length === 0 ? describe(schemas) : words.join(", ");
  const cure = `Add ${String(path.at(-1))}: ${meaning === undefined ? choice : `${meaning} (${choice})`}.`;
  const owner = path.length === 1 ? "" : ` in ${pathName(path.slice(0, -1))}`;
  return {
    path: path.slice(0, -1),
    target: "key",
    missing: path,
    message: `Expected the key ${String(path.at(-1))}${owner}, got none. ${cure}`,
  };
}

function cureFor(value: unknown, schemas: readonly JsonSchema[]): string {
  const words = choices(schemas);
  const near = typeof value === "string" ? nearest(value, words) : null;
  if (near !== null) return ` Did you mean "${near}"?`;
  if (value === null) {
    const preset = schemas.find((schema) => "default" in schema)?.default;
    const otherwise =
      preset === undefined ? "" : `, or remove the key: its default is ${JSON.stringify(preset)}`;
    return ` Write a value after the colon${otherwise}.`;
  }
  const kinds = schemas.flatMap(alternatives).map(({ type }) => type);
  const number = kinds.includes("number") || kinds.includes("integer");
  if (
    typeof value === "string" &&
    number &&
    value.trim() !== "" &&
    Number.isFinite(Number(value))
  ) {
    return " Remove the quotes.";
  }
  if (typeof value === "number" && number) return "";
  if (typeof value !== "string" && typeof value !== "object" && kinds.includes("string"))
    return " Put it in quotes.";
  return "";
}

function wrongValue(path: Path, context: IssueContext, rule?: string): Problem {
  const value = valueAt(context.recipe, path);
  if (value === undefined && path.length > 0) return missingKey(path, context);
  const schemas = schemasAt(context.schema, path, context.recipe);
  return {
    path,
    target: "value",
    message:
      `Expected ${pathName(path)} to be ${rule ?? describe(schemas)}, got ${describeValue(value)}.` +
      cureFor(value, schemas),
  };
}

/** Alternatives that are mappings: the one that was meant, or what the choice is between. */
function unionOfMappings(path: Path, branches: Issue[][], context: IssueContext): Problem[] {
  const value = valueAt(context.recipe, path) as Record<string, unknown>;
  const schemas = schemasAt(context.schema, path, context.recipe);
  const known = knownKeys(schemas, value);
  const foreign = Object.keys(value).filter((key) => !known.includes(key));
  if (foreign.length > 0) return foreign.map((key) => unknownKey(path, key, context));
  const fewest = Math.min(...branches.map(({ length }) => length));
  const closest = branches
    .filter(({ length }) => length === fewest)
    .map((issues) => issues.flatMap((issue) => toProblems(issue, context, path)));
  const told = new Set(closest.map((problems) => problems.map((one) => one.message).join("\n")));
  if (told.size === 1) return closest[0]!;
  const given = Object.keys(value).join(" and ");
  const message = `Expected ${pathName(path)} to be ${describe(schemas)}, got ${given || "an empty mapping"}.`;
  return [{ path, target: "value", message: `${message} Keep one of them.` }];
}

/** A mapping whose `kind` none of the alternatives has. */
function unknownKind(path: Path, context: IssueContext): Problem | null {
  const value = valueAt(context.recipe, path);
  if (typeof value !== "object" || value === null || !("kind" in value)) return null;
  const kinds = schemasAt(context.schema, path, context.recipe)
    .flatMap(alternatives)
    .flatMap((schema) => schema.properties?.["kind"] ?? []);
  if (kinds.length === 0 || choices(kinds).includes(value.kind as string)) return null;
  const message =
    `Expected ${pathName([...path, "kind"])} to be ${choices(kinds).join(" or ")}, ` +
    `got ${describeValue(value.kind)}.${cureFor(value.kind, kinds)}`;
  return { path: [...path, "kind"], target: "value", message };
}

function unionProblems(
  issue: core.$ZodIssueInvalidUnion,
  path: Path,
  context: IssueContext,
): Problem[] {
  const value = valueAt(context.recipe, path);
  const kind = unknownKind(path, context);
  if (kind !== null) return [kind];
  // A branch of another type says only that the type differs, at the value itself.
  const sameType = issue.errors.filter((branch) =>
    branch.every(
      (inner) => inner.path.length > 0 || !["invalid_type", "invalid_value"].includes(inner.code),
    ),
  );
  const schemas = schemasAt(context.schema, path, context.recipe).flatMap((schema) =>
    matching(schema, value),
  );
  if (sameType.length === 0 || schemas.length === 0) return [wrongValue(path, context)];
  if (sameType.length === 1)
    return sameType[0]!.flatMap((inner) => toProblems(inner, context, path));
  return unionOfMappings(path, sameType, context);
}

/** A zod issue as what the user reads: expected, got, cure. */
export function toProblems(issue: Issue, context: IssueContext, prefix: Path = []): Problem[] {
  const path = [...prefix, ...(issue.path as (string | number)[])];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(path, key, context));
    case "invalid_union":
      return unionProblems(issue, path, context);
    case "invalid_type":
    case "invalid_value":
      return [wrongValue(path, context)];
    case "invalid_format":
      return [wrongValue(path, context, issue.message)];
    case "too_small":
    case "too_big": {
      const empty = issue.origin === "array" || issue.origin === "string";
      return [wrongValue(path, context, empty ? "non-empty" : undefined)];
    }
    default:
      return [{ path, target: "value", message: issue.message }];
  }
}
