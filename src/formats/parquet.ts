import { readFile } from "node:fs/promises";
import { parquetMetadata, parquetRead, type FileMetaData, type SchemaElement } from "hyparquet";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { LimbeckError, messageOf } from "../errors.ts";
import { writeFileAtomic } from "../platform/files.ts";
import { readFixedColumn } from "./fixed-column.ts";

/** One column of a table: all have the same number of rows. */
export type ParquetColumn =
  | { name: string; type: "STRING"; values: readonly (string | null)[] }
  | { name: string; type: "INT32" | "DOUBLE"; values: readonly number[] }
  | { name: string; type: "FIXED"; /** bytes per row */ width: number; bytes: Uint8Array };

export interface ParquetTable {
  rows: number;
  metadata: Record<string, string>;
  columns: Record<string, ParquetColumn>;
}

/** Rows of one row group: what a reader holds decoded at a time. */
const ROWS_PER_GROUP = 100_000;

function rowsOf(column: ParquetColumn): number {
  return column.type === "FIXED" ? column.bytes.length / column.width : column.values.length;
}

function schemaOf(column: ParquetColumn): SchemaElement {
  const { name } = column;
  switch (column.type) {
    case "STRING":
      return { name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" };
    case "FIXED":
      return {
        name,
        type: "FIXED_LEN_BYTE_ARRAY",
        type_length: column.width,
        repetition_type: "REQUIRED",
      };
    default:
      return { name, type: column.type, repetition_type: "REQUIRED" };
  }
}

function splitRows(bytes: Uint8Array, width: number): Uint8Array[] {
  return Array.from({ length: bytes.length / width }, (_, row) =>
    bytes.subarray(row * width, (row + 1) * width),
  );
}

/** Bytes to begin with: what is known to come, so that a large shard is not copied from one buffer to the next. */
function roomFor(columns: readonly ParquetColumn[]): number {
  const fixed = columns.map((column) => (column.type === "FIXED" ? column.bytes.length : 0));
  return fixed.reduce((sum, bytes) => sum + bytes, 4096);
}

/**
 * A table as the bytes of a Parquet file: strings nullable and Snappy-compressed, the rest required; FIXED columns are
 * plain and uncompressed, since float bytes do not compress.
 *
 * @throws RangeError when the columns differ in rows or a FIXED column is no whole number of rows.
 */
export function encodeParquet(
  columns: readonly ParquetColumn[],
  metadata: Record<string, string> = {},
): Uint8Array {
  const rows = columns[0] === undefined ? 0 : rowsOf(columns[0]);
  for (const column of columns) {
    if (rowsOf(column) !== rows) {
      throw new RangeError(
        `Expected ${rows} rows in column "${column.name}", got ${rowsOf(column)}.`,
      );
    }
  }
  const writer = new ByteWriter(roomFor(columns));
  void parquetWrite({
    writer,
    schema: [{ name: "root", num_children: columns.length }, ...columns.map(schemaOf)],
    columnData: columns.map((column) =>
      column.type === "FIXED"
        ? {
            name: column.name,
            data: splitRows(column.bytes, column.width),
            encoding: "PLAIN",
            codec: "UNCOMPRESSED",
            statistics: false,
          }
        : { name: column.name, data: column.values as (string | number)[], statistics: false },
    ),
    rowGroupSize: ROWS_PER_GROUP,
    // Rows of fixed bytes in one page are one run of bytes in the file, read without copying.
    ...(columns.every(({ type }) => type === "FIXED") && { pageSize: 1 << 30 }),
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  return writer.getBytes();
}

/**
 * Writes a Parquet file so that a kill leaves the old file or the new one, never half of it.
 *
 * @throws LimbeckError `E_DISK` when the disk is full, read-only or not permitted.
 */
export async function writeParquet(
  path: string,
  columns: readonly ParquetColumn[],
  metadata: Record<string, string> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeParquet(columns, metadata));
}

type ColumnKind = { type: "STRING" | "INT32" | "DOUBLE" } | { type: "FIXED"; width: number };

function kindOf(element: SchemaElement): ColumnKind {
  const { type } = element;
  if (element.num_children !== undefined || element.repetition_type === "REPEATED") {
    throw new Error(`column "${element.name}" is nested`);
  }
  if (type === "BYTE_ARRAY") return { type: "STRING" };
  if (type === "INT32" || type === "DOUBLE") return { type };
  if (type === "FIXED_LEN_BYTE_ARRAY" && element.type_length)
    return { type: "FIXED", width: element.type_length };
  throw new Error(
    `column "${element.name}" has type ${type ?? "none"}, not STRING, INT32, DOUBLE or fixed bytes`,
  );
}

/** Collects a column's chunks, each at its row. */
class ColumnBuilder {
  readonly column: ParquetColumn;
  private filled = 0;

  constructor(name: string, kind: ColumnKind, rows: number) {
    this.column =
      kind.type === "FIXED"
        ? { name, type: "FIXED", width: kind.width, bytes: new Uint8Array(rows * kind.width) }
        : kind.type === "STRING"
          ? { name, type: "STRING", values: new Array<string | null>(rows).fill(null) }
          : { name, type: kind.type, values: new Array<number>(rows).fill(0) };
  }

  add(data: ArrayLike<unknown>, rowStart: number): void {
    const { column } = this;
    for (let row = 0; row < data.length; row += 1) {
      const value = data[row];
      if (column.type === "FIXED")
        column.bytes.set(value as Uint8Array, (rowStart + row) * column.width);
      else (column.values as unknown[])[rowStart + row] = value ?? null;
    }
    this.filled += data.length;
  }

  finish(rows: number): ParquetColumn {
    if (this.filled !== rows)
      throw new Error(`column "${this.column.name}" has ${this.filled} of ${rows} rows`);
    return this.column;
  }
}

/** A column of fixed bytes whose rows lie in the file as they are; null for any other. */
function plainColumn(
  file: ArrayBuffer,
  metadata: FileMetaData,
  element: SchemaElement,
): ParquetColumn | null {
  const kind = kindOf(element);
  if (kind.type !== "FIXED" || element.repetition_type !== "REQUIRED") return null;
  const { name } = element;
  const bytes = readFixedColumn(file, metadata, { name, width: kind.width });
  return bytes && { name, type: "FIXED", width: kind.width, bytes };
}

async function decode(
  bytes: Uint8Array,
  names: readonly string[] | undefined,
): Promise<ParquetTable> {
  const whole = bytes.byteLength === bytes.buffer.byteLength;
  const end = bytes.byteOffset + bytes.byteLength;
  const file = (whole ? bytes.buffer : bytes.buffer.slice(bytes.byteOffset, end)) as ArrayBuffer;
  const metadata: FileMetaData = parquetMetadata(file);
  const elements = new Map(metadata.schema.slice(1).map((element) => [element.name, element]));
  const rows = Number(metadata.num_rows);
  const wanted = [...(names ?? elements.keys())];
  const plain = new Map<string, ParquetColumn>();
  const builders = new Map<string, ColumnBuilder>();
  for (const name of wanted) {
    const element = elements.get(name);
    if (element === undefined)
      throw new Error(`no column "${name}", only ${[...elements.keys()].join(", ")}`);
    const column = plainColumn(file, metadata, element);
    if (column === null) builders.set(name, new ColumnBuilder(name, kindOf(element), rows));
    else if (rowsOf(column) === rows) plain.set(name, column);
    else throw new Error(`column "${name}" has ${rowsOf(column)} of ${rows} rows`);
  }
  if (builders.size > 0) {
    await parquetRead({
      file,
      metadata,
      columns: [...builders.keys()],
      onChunk: (chunk) =>
        builders.get(chunk.columnName)?.add(chunk.columnData as ArrayLike<unknown>, chunk.rowStart),
    });
  }
  const columns = Object.fromEntries(
    wanted.map((name) => [name, plain.get(name) ?? builders.get(name)!.finish(rows)]),
  );
  const pairs = (metadata.key_value_metadata ?? []).map(
    ({ key, value }) => [key, value ?? ""] as const,
  );
  return { rows, metadata: Object.fromEntries(pairs), columns };
}

/**
 * Reads a Parquet file of ours, whole.
 *
 * @param names - columns to read; all where not given
 * @throws LimbeckError `E_DATA` naming the file when it is missing, truncated, corrupt or lacks a column.
 */
export async function readParquet(path: string, names?: readonly string[]): Promise<ParquetTable> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
    throw new LimbeckError("E_DATA", `Expected a Parquet file at ${path}, got no such file.`, {
      cause: thrown,
    });
  }
  try {
    return await decode(bytes, names);
  } catch (thrown) {
    throw new LimbeckError(
      "E_DATA",
      `Expected a complete Parquet file in ${path}: ${messageOf(thrown)}. Delete the file to have it made anew.`,
      { cause: thrown },
    );
  }
}
