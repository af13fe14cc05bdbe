import { LimbeckError } from "../../src/errors.ts";
import type { Table } from "../../src/texts/table.ts";
import { compareClasses } from "./compare-classes.ts";
import type { Layout, PrecomputedOptions } from "./options.ts";
import { guessValues } from "./guess-values.ts";

export interface LayoutInput {
  table: Table;
  options: PrecomputedOptions;
  /** The data's classes. */
  classes: readonly string[];
}

/** Rows that are looked at to tell what a file holds. */
const SAMPLE_ROWS = 200;
const ID = /^[0-9a-f]{32}$/i;

export function fileError(file: string, expected: string, got: string, cure: string): LimbeckError {
  return new LimbeckError("E_DATA", `Expected ${expected} in ${file}, got ${got}. ${cure}`);
}

export const listColumns = (names: readonly string[]): string =>
  names.length === 0
    ? "none"
    : names
        .slice(0, 8)
        .map((name) => `"${name}"`)
        .join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");

/** The first rows, as a mapping each. */
async function readSample(table: Table): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const { values } of table.rows(table.columns)) {
    rows.push(Object.fromEntries(table.columns.map((name, at) => [name, values[at]])));
    if (rows.length === SAMPLE_ROWS) break;
  }
  if (rows.length === 0) throw fileError(table.file, "rows", "none", "Fill the file.");
  return rows;
}

function requireColumn({ columns, file }: Table, name: string, key: string): string {
  if (columns.includes(name)) return name;
  throw fileError(
    file,
    `a column "${name}" (teacher.${key})`,
    `the columns ${listColumns(columns)}`,
    "Name one of them.",
  );
}

/** An id as text or as its 16 bytes. */
export function isId(value: unknown): boolean {
  return typeof value === "string"
    ? ID.test(value)
    : value instanceof Uint8Array && value.length === 16;
}

function chooseKey(
  { table, options }: LayoutInput,
  sample: Record<string, unknown>,
): Layout["key"] {
  if (options.id !== undefined) return { column: requireColumn(table, options.id, "id"), by: "id" };
  if (options.text !== undefined)
    return { column: requireColumn(table, options.text, "text"), by: "text" };
  if (isId(sample["id"])) return { column: "id", by: "id" };
  if (table.columns.includes("text")) return { column: "text", by: "text" };
  throw fileError(
    table.file,
    'a column "id" of 32 hexadecimal digits or a column "text"',
    `the columns ${listColumns(table.columns)}`,
    "Name the one that tells which text a row is about: teacher.id or teacher.text.",
  );
}

const isList = (value: unknown): boolean =>
  Array.isArray(value) ||
  ArrayBuffer.isView(value) ||
  (typeof value === "string" && value.trimStart().startsWith("["));

/** Class names in their order, where the file's writer left them: teacher.json, or a list of names. */
function classesOf({ metadata }: Table): string[] | null {
  for (const value of Object.values(metadata)) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(value);
    } catch {
      continue; // somebody else's metadata
    }
    const labels = Array.isArray(parsed) ? parsed : (parsed as { labels?: unknown } | null)?.labels;
    if (
      Array.isArray(labels) &&
      labels.length > 0 &&
      labels.every((one) => typeof one === "string")
    )
      return labels;
  }
  return null;
}

function listSource({ table, options, classes }: LayoutInput, column: string): Layout["source"] {
  const order = options.classes ?? classesOf(table);
  if (order === null) {
    throw fileError(
      table.file,
      `the order of the classes in the lists of "${column}"`,
      "none",
      `Name the classes in their order: teacher.classes: [${classes.slice(0, 3).join(", ")}${classes.length > 3 ? ", …" : ""}].`,
    );
  }
  compareClasses({ file: table.file, classes, found: order, cure: "Mend teacher.classes." });
  return { kind: "list", column, order: classes.map((name) => order.indexOf(name)) };
}

function columnsSource(
  { table, options, classes }: LayoutInput,
  others: readonly string[],
): Layout["source"] {
  const { prefix } = options;
  const named = others.filter((name) => name.startsWith(prefix));
  compareClasses({
    file: table.file,
    classes,
    found: named.map((name) => name.slice(prefix.length)),
    cure: "Name what precedes the class in teacher.prefix, columns of other things in teacher.ignore, or a column of names in teacher.label.",
  });
  return { kind: "columns", columns: classes.map((name) => `${prefix}${name}`) };
}

function chooseSource(
  input: LayoutInput,
  others: string[],
  sample: Record<string, unknown>,
): Layout["source"] {
  const { table, options, classes } = input;
  if (options.label !== undefined)
    return { kind: "label", column: requireColumn(table, options.label, "label") };
  if (options.list !== undefined)
    return listSource(input, requireColumn(table, options.list, "list"));
  const lists = others.filter((name) => isList(sample[name]));
  if (options.values !== "labels" && lists.length === 1) return listSource(input, lists[0]!);
  const ofClasses = others.some((name) => classes.includes(name.slice(options.prefix.length)));
  const label = others.length === 1 ? others[0]! : others.find((name) => name === "label");
  if (
    label !== undefined &&
    (options.values === "labels" || (options.values === "auto" && !ofClasses))
  )
    return { kind: "label", column: label };
  if (options.values === "labels") {
    throw fileError(
      table.file,
      'a column "label"',
      `the columns ${listColumns(table.columns)}`,
      "Name the column of the classes: teacher.label.",
    );
  }
  return columnsSource(input, others);
}

/**
 * Finds out which columns hold what, by the recipe, by their names and by the first rows.
 *
 * @throws LimbeckError `E_DATA` where a column is missing, the classes are not the data's (both lists and the
 *   difference), or it cannot be told whether the numbers are logits or probabilities.
 */
export async function chooseLayout(input: LayoutInput): Promise<Layout> {
  const { table, options } = input;
  const sample = await readSample(table);
  const key = chooseKey(input, sample[0]!);
  const taken = new Set([key.column, "id", "text", ...options.ignore]);
  const others = table.columns.filter((name) => !taken.has(name));
  const source = chooseSource(input, others, sample[0]!);
  if (source.kind === "label") {
    if (options.values === "auto" || options.values === "labels")
      return { key, source, values: "labels" };
    throw fileError(
      table.file,
      options.values,
      `names in the column "${source.column}"`,
      "Set teacher.values: labels.",
    );
  }
  return { key, source, values: guessValues({ table, options, source, sample }) };
}
