import { readFile } from "node:fs/promises";
import * as zlib from "node:zlib";
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
} from "hyparquet";
import { LimbeckError, messageOf } from "../../errors.ts";
import { chooseColumns } from "../columns.ts";
import { explainReadError } from "../read-errors.ts";
import type { ReaderInput, SourceRow, TextColumns, TextFile } from "../text-file.ts";
import { labelValue, textValue } from "./values.ts";

type Decompress = (input: Uint8Array) => Uint8Array;

// Node has had Zstandard since 22.15; hyparquet itself brings Snappy.
const zstd = (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync;
const compressors: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
  ...(zstd === undefined ? {} : { ZSTD: (input: Uint8Array) => zstd(input) }),
};

async function openBuffer(path: string): Promise<AsyncBuffer> {
  if (!path.endsWith(".gz")) return await asyncBufferFromFile(path);
  const bytes = zlib.gunzipSync(await readFile(path)); // Parquet is read from its end, so it has to be unpacked whole
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

function damaged(thrown: unknown, file: string): unknown {
  const explained = explainReadError(thrown, file);
  if (explained instanceof LimbeckError) return explained;
  const message = messageOf(thrown);
  const cure = /compression codec/.test(message)
    ? "Write it with Snappy, gzip or no compression."
    : "The file may be cut short: copy or write it anew.";
  return new LimbeckError(
    "E_DATA",
    `Expected a Parquet file in ${file}, got: ${message}. ${cure}`,
    { cause: thrown },
  );
}

/** An open Parquet file. */
export interface Opened {
  buffer: AsyncBuffer;
  metadata: FileMetaData;
}

/** Opens a Parquet file and reads its footer. @throws LimbeckError `E_DATA` where it is damaged or none. */
export async function openParquetFile({
  path,
  file,
}: Pick<ReaderInput, "path" | "file">): Promise<Opened> {
  try {
    const buffer = await openBuffer(path);
    return { buffer, metadata: await parquetMetadataAsync(buffer) };
  } catch (thrown) {
    throw damaged(thrown, file);
  }
}

/** Names of the top-level columns. */
export function columnNames({ metadata }: Opened): string[] {
  return parquetSchema(metadata).children.map(({ element }) => element.name);
}

/**
 * Names behind numbered labels, where the file was written by Hugging Face's datasets, which keeps a ClassLabel as
 * its index and the names in the file's metadata.
 */
function classNames(metadata: FileMetaData, column: string): readonly string[] | null {
  const value = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  if (value === undefined) return null;
  try {
    const parsed = JSON.parse(value) as {
      info?: { features?: Record<string, { names?: string[] }> };
    };
    return parsed.info?.features?.[column]?.names ?? null;
  } catch {
    return null; // somebody else's use of the key
  }
}

/** Some neighbouring rows, column by column; null where a field is empty. @throws LimbeckError `E_DATA` */
export async function readGroup(
  { buffer, metadata }: Opened,
  {
    file,
    names,
    rowStart,
    rows,
  }: { file: string; names: string[]; rowStart: number; rows: number },
): Promise<Map<string, unknown[]>> {
  const columns = new Map(names.map((name) => [name, new Array<unknown>(rows).fill(null)]));
  await parquetRead({
    file: buffer,
    metadata,
    columns: names,
    rowStart,
    rowEnd: rowStart + rows,
    compressors,
    onChunk: (chunk) => {
      const column = columns.get(chunk.columnName)!;
      const data = chunk.columnData as ArrayLike<unknown>;
      for (let row = 0; row < data.length; row += 1) {
        // A chunk may begin before the rows that were asked for.
        const place = chunk.rowStart - rowStart + row;
        if (place >= 0 && place < rows) column[place] = data[row];
      }
    },
  }).catch((thrown: unknown) => {
    throw damaged(thrown, file);
  });
  return columns;
}

async function* readRows(
  input: ReaderInput,
  opened: Opened,
  columns: TextColumns,
): AsyncGenerator<SourceRow, void, undefined> {
  const { file } = input;
  const names = columns.label === null ? null : classNames(opened.metadata, columns.label);
  const wanted = columns.label === null ? [columns.text] : [columns.text, columns.label];
  let first = 0;
  for (const group of opened.metadata.row_groups) {
    const rows = Number(group.num_rows);
    const data = await readGroup(opened, { file, names: wanted, rowStart: first, rows });
    input.onBytes?.(Number(group.total_byte_size));
    const texts = data.get(columns.text)!;
    const labels = columns.label === null ? null : data.get(columns.label)!;
    for (let row = 0; row < rows; row += 1) {
      const line = first + row + 1;
      const place = `${file}:${line}`;
      const label = labels === null ? null : labelValue(labels[row], columns.label!, place);
      const name = label === null || names === null ? label : (names[Number(label)] ?? null);
      yield { text: textValue(texts[row], columns.text, place), label: name, file, line };
    }
    first += rows;
  }
}

/** Opens a Parquet file, which is then read one row group at a time and only in the columns of texts and labels. */
export async function openParquet(input: ReaderInput): Promise<TextFile> {
  const opened = await openParquetFile(input);
  const all = columnNames(opened);
  const columns = chooseColumns(all, input);
  return {
    file: input.file,
    format: "Parquet",
    columns,
    allColumns: all,
    rows: () => readRows(input, opened, columns),
  };
}
