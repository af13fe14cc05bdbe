import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  type AsyncBuffer,
  type FileMetaData,
  type SchemaElement,
} from "hyparquet";
import { fileWriter, ParquetWriter } from "hyparquet-writer";
import { LimbeckError, messageOf } from "../../errors.ts";
import { canonicalJson } from "../../platform/digest.ts";
import { replaceFile } from "../../platform/files.ts";
import type { Description } from "../description.ts";
import type { LabelChunk, LabelFileHeader, OpenedLabelFile, RawLabel } from "./label-file.ts";

const FILE_PREFIX = "file:";

function schemaOf(withTexts: boolean, extras: readonly string[]): SchemaElement[] {
  const columns: SchemaElement[][] = [
    [{ name: "id", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" }],
    // The three levels that the format's specification asks of a list.
    [
      { name: "logits", converted_type: "LIST", repetition_type: "REQUIRED", num_children: 1 },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
    ],
    ...extras.map((name): SchemaElement[] => [
      { name, type: "FLOAT", repetition_type: "OPTIONAL" },
    ]),
  ];
  if (withTexts) {
    columns.splice(1, 0, [
      { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
    ]);
  }
  return [{ name: "root", num_children: columns.length }, ...columns.flat()];
}

function columnsOf(chunk: LabelChunk, width: number, names: readonly string[]) {
  const { ids, texts, rows, extras } = chunk;
  const logits = ids.map((_, row) => Array.from(rows.subarray(row * width, (row + 1) * width)));
  return [
    { name: "id", data: [...ids], statistics: false },
    ...(texts === null ? [] : [{ name: "text", data: [...texts], statistics: false }]),
    { name: "logits", data: logits, encoding: "PLAIN" as const, statistics: false },
    ...names.map((name, column) => ({
      name,
      data: ids.map((_, row) => {
        const value = extras[row * names.length + column]!;
        return Number.isNaN(value) ? null : value;
      }),
      statistics: false,
    })),
  ];
}

function metadataOf({ digest, description, extras, provenance, files }: LabelFileHeader) {
  const { runtime, processor } = provenance;
  const pairs: [string, string | null][] = [
    ["limbeck.labels", "1"],
    ["digest", digest],
    ["teacher.json", canonicalJson(description)],
    ["extras", JSON.stringify(extras)],
    ["runtime", runtime],
    ["processor", processor],
    ...Object.entries(files).map(([name, bytes]): [string, string] => [
      `${FILE_PREFIX}${name}`,
      Buffer.from(bytes).toString("base64"),
    ]),
  ];
  return pairs.flatMap(([key, value]) => (value === null ? [] : [{ key, value }]));
}

/**
 * Writes labels as one Parquet file: `id` (32 hexadecimal digits), `text` where texts are given, `logits` as LIST<FLOAT>
 * in the order of `labels` in the metadata's teacher.json, a FLOAT column per extra.
 *
 * @throws LimbeckError `E_DISK`; the file is then as it was before.
 */
export async function writeParquetLabels(
  path: string,
  header: LabelFileHeader,
  withTexts: boolean,
  chunks: AsyncIterable<LabelChunk>,
): Promise<void> {
  const { labels, extras } = header;
  await replaceFile(path, async (temporary) => {
    const parquet = new ParquetWriter({
      writer: fileWriter(temporary),
      schema: schemaOf(withTexts, extras),
      codec: "SNAPPY",
      kvMetadata: metadataOf(header),
      createdBy: "limbeck",
    });
    for await (const chunk of chunks) {
      const columnData = columnsOf(chunk, labels.length, extras);
      await parquet.write({ columnData, rowGroupSize: chunk.ids.length });
    }
    await parquet.finish();
  });
}

function headerOf(path: string, metadata: FileMetaData): LabelFileHeader {
  const pairs = new Map(
    (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ""]),
  );
  const json = pairs.get("teacher.json");
  if (json === undefined) {
    throw new LimbeckError(
      "E_DATA",
      `Expected labels that limbeck labels export wrote in ${path}, got a Parquet file without teacher.json in its ` +
        "metadata. To learn from logits of another origin, use the teacher precomputed.",
    );
  }
  const description = JSON.parse(json) as Description;
  const files = [...pairs].flatMap(([key, value]) =>
    key.startsWith(FILE_PREFIX)
      ? [[key.slice(FILE_PREFIX.length), new Uint8Array(Buffer.from(value, "base64"))] as const]
      : [],
  );
  const labels = description["labels"];
  return {
    digest: pairs.get("digest") ?? "",
    description,
    labels: Array.isArray(labels) ? labels.map(String) : [],
    extras: JSON.parse(pairs.get("extras") ?? "[]") as string[],
    provenance: {
      runtime: pairs.get("runtime") ?? null,
      processor: pairs.get("processor") ?? null,
    },
    files: Object.fromEntries(files),
  };
}

async function* readRows(
  path: string,
  file: AsyncBuffer,
  metadata: FileMetaData,
  extras: readonly string[],
): AsyncGenerator<RawLabel[]> {
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const columns = ["id", "logits", ...extras];
    const found = await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd });
    yield found.map((row, index) => ({
      place: `${path}, row ${rowStart + index + 1}`,
      id: row["id"] as unknown,
      logits: (row["logits"] ?? []) as unknown[],
      extras: extras.map((name) => (row[name] as number | null | undefined) ?? NaN),
    }));
    rowStart = rowEnd;
  }
}

/** Opens what `writeParquetLabels` wrote. @throws LimbeckError `E_DATA` where it is cut short, or no such file. */
export async function openParquetLabels(path: string): Promise<OpenedLabelFile> {
  const damaged = (thrown: unknown): LimbeckError =>
    thrown instanceof LimbeckError
      ? thrown
      : new LimbeckError(
          "E_DATA",
          `Expected a complete Parquet file in ${path}: ${messageOf(thrown)}. Copy it again, or export anew.`,
          { cause: thrown },
        );
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const header = headerOf(path, metadata);
    async function* rows(): AsyncGenerator<RawLabel[]> {
      try {
        yield* readRows(path, file, metadata, header.extras);
      } catch (thrown) {
        throw damaged(thrown);
      }
    }
    return { header, rows };
  } catch (thrown) {
    throw damaged(thrown);
  }
}
