import { stat } from "node:fs/promises";
import { parquetSchema } from "hyparquet";
import { LimbeckError } from "../errors.ts";
import { formatExtension } from "./open-file.ts";
import { explainReadError } from "./read-errors.ts";
import { readLayout } from "./readers/delimited-layout.ts";
import { readRecords } from "./readers/delimited.ts";
import { readObjects, sampleKeys } from "./readers/jsonl.ts";
import { columnNames, openParquetFile, readGroup, type Opened } from "./readers/parquet.ts";

/** One row: fields in the order of the columns that were asked for; undefined where a row has none. */
export interface TableRow {
  values: unknown[];
  /** Line on which the row begins (row number in Parquet), from 1. */
  line: number;
}

/** A file of rows and named columns that has not been read yet. */
export interface Table {
  /** The file as messages name it. */
  file: string;
  columns: readonly string[];
  /** Facts that the file's writer left beside the rows: Parquet's key-value metadata, else none. */
  metadata: Readonly<Record<string, string>>;
  /** Reads from the start at each call, a piece at a time. @throws LimbeckError `E_DATA` naming file and line. */
  rows(columns: readonly string[]): AsyncIterable<TableRow>;
}

/** A file by its path, absolute, and the path as messages name it. */
export interface TableFile {
  path: string;
  file: string;
}

const FORMATS: Readonly<Record<string, (input: TableFile, extension: string) => Promise<Table>>> = {
  ".csv": openDelimitedTable,
  ".tsv": openDelimitedTable,
  ".tab": openDelimitedTable,
  ".jsonl": openJsonlTable,
  ".ndjson": openJsonlTable,
  ".parquet": openParquetTable,
};

/**
 * Opens a table of any columns by its extension: CSV, TSV, JSONL or Parquet, `.gz` of each.
 *
 * @throws LimbeckError `E_DATA` where it is missing, empty, damaged or of another format.
 */
export async function openTable(input: TableFile): Promise<Table> {
  const found = await stat(input.path).catch((thrown: unknown) => {
    throw explainReadError(thrown, input.file);
  });
  const extension = formatExtension(input.path);
  const open = FORMATS[extension];
  if (open === undefined || found.isDirectory()) {
    throw new LimbeckError(
      "E_DATA",
      `Expected a file of type .csv, .tsv, .jsonl or .parquet (.gz of each), got ${input.file}. Convert or rename it.`,
    );
  }
  if (found.size === 0)
    throw new LimbeckError("E_DATA", `Expected rows in ${input.file}, got an empty file.`);
  return await open(input, extension);
}

async function openDelimitedTable(input: TableFile, extension: string): Promise<Table> {
  const layout = await readLayout(input.path, input.file, extension);
  async function* rows(columns: readonly string[]): AsyncGenerator<TableRow> {
    const places = columns.map((name) => layout.header.indexOf(name));
    for await (const { record, line } of readRecords(input, layout))
      yield { values: places.map((place) => record[place]), line };
  }
  return { file: input.file, columns: layout.header, metadata: {}, rows };
}

async function openJsonlTable(input: TableFile): Promise<Table> {
  const columns = await sampleKeys(input);
  async function* rows(names: readonly string[]): AsyncGenerator<TableRow> {
    for await (const { row, line } of readObjects(input))
      yield { values: names.map((name) => row[name]), line };
  }
  return { file: input.file, columns, metadata: {}, rows };
}

/** Rows of plain columns that are decoded at a time. Lists are decoded by whole row groups: pages of lists cannot be skipped. */
const ROWS_AT_A_TIME = 65_536;

async function openParquetTable(input: TableFile): Promise<Table> {
  const opened = await openParquetFile(input);
  const pairs = (opened.metadata.key_value_metadata ?? []).map(
    ({ key, value }) => [key, value ?? ""] as const,
  );
  return {
    file: input.file,
    columns: columnNames(opened),
    metadata: Object.fromEntries(pairs),
    rows: (names) => readParquetRows(input, opened, names),
  };
}

async function* readParquetRows(
  { file }: TableFile,
  opened: Opened,
  columns: readonly string[],
): AsyncGenerator<TableRow> {
  const nested = parquetSchema(opened.metadata).children.some(
    ({ element, children }) => columns.includes(element.name) && children.length > 0,
  );
  const names = [...new Set(columns)];
  let first = 0;
  for (const group of opened.metadata.row_groups) {
    const end = first + Number(group.num_rows);
    while (first < end) {
      const rows = nested ? end - first : Math.min(ROWS_AT_A_TIME, end - first);
      const data = await readGroup(opened, { file, names, rowStart: first, rows });
      const lists = columns.map((name) => data.get(name)!);
      for (let row = 0; row < rows; row += 1)
        yield { values: lists.map((list) => list[row]), line: first + row + 1 };
      first += rows;
    }
  }
}
