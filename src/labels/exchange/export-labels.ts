import { readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { LimbeckError } from "../../errors.ts";
import { readParquetFooter } from "../../formats/parquet-footer.ts";
import { countJournalled } from "../count-journalled.ts";
import { openStoreAt, type OpenedStore } from "../open-store.ts";
import { provenanceIn, type Provenance } from "../provenance.ts";
import { listShards } from "../shard-files.ts";
import { listFiles } from "../survey.ts";
import { writeCsvLabels } from "./csv-file.ts";
import type { LabelChunk, LabelFileHeader } from "./label-file.ts";
import { writeParquetLabels } from "./parquet-file.ts";

/** A file beside the labels goes along up to this size; larger ones, such as a whole model, stay. */
const LARGEST_FILE = 4 << 20;
/** Rows that are written at a time: what is held decoded. */
const CHUNK_ROWS = 8192;

export type LabelFileFormat = "parquet" | "csv";

/** By the name's end. @throws LimbeckError `E_USAGE` where it is neither. */
export function labelFileFormat(path: string): LabelFileFormat {
  const extension = extname(path).toLowerCase();
  if (extension === ".parquet") return "parquet";
  if (extension === ".csv") return "csv";
  throw new LimbeckError(
    "E_USAGE",
    `Expected a file that ends in .parquet or .csv, got ${path}. Name it so.`,
  );
}

/** Where all the rows were computed; nulls where the shards do not agree. */
async function commonProvenance(root: string): Promise<Provenance> {
  let common: Provenance | null = null;
  for (const name of await listShards(root)) {
    const own = provenanceIn((await readParquetFooter(join(root, name))).metadata);
    if (common === null) common = own;
    else if (common.runtime !== own.runtime || common.processor !== own.processor)
      return { runtime: null, processor: null };
  }
  return common ?? { runtime: null, processor: null };
}

/** Small files at the top of the store that are neither shards nor its own records. */
async function filesBeside(root: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const { path, bytes } of await listFiles(root)) {
    const own = /[/\\]|^\.|\.tmp$|^teacher\.json$|^part-|^journal|\.jsonl$|^spent/.test(path);
    if (!own && bytes <= LARGEST_FILE) files[path] = await readFile(join(root, path));
  }
  return files;
}

async function* chunksOf(
  { store }: OpenedStore,
  texts: ReadonlyMap<string, string> | null,
): AsyncGenerator<LabelChunk> {
  const { width, extras: names } = store.format;
  for await (const { ids, rows, extras } of store.shards({ distinct: true })) {
    for (let from = 0; from < ids.length; from += CHUNK_ROWS) {
      const to = Math.min(ids.length, from + CHUNK_ROWS);
      const own = ids.slice(from, to);
      yield {
        ids: own,
        texts: texts === null ? null : own.map((id) => texts.get(id) ?? null),
        rows: rows.subarray(from * width, to * width),
        extras: extras.subarray(from * names.length, to * names.length),
      };
    }
  }
}

export interface ExportedLabels {
  texts: number;
  /** Texts whose words were not found; null where none were asked for. */
  withoutText: number | null;
  /** Texts whose answers lie in journals and are not in the file: the next labelling takes them into the store. */
  journalled: number;
  bytes: number;
  format: LabelFileFormat;
}

/**
 * Writes a store's labels as one file that others can read; memory stays flat.
 *
 * @param texts - the words by id, to go along
 * @throws LimbeckError `E_STORE` where the store holds vectors or a damaged shard: nothing is left out in silence; `E_DISK`.
 */
export async function exportLabels(
  root: string,
  path: string,
  texts: ReadonlyMap<string, string> | null,
): Promise<ExportedLabels> {
  const format = labelFileFormat(path);
  const opened = await openStoreAt(root);
  const header = await headerOf(opened);
  let count = 0;
  let withoutText = 0;
  async function* counted(): AsyncGenerator<LabelChunk> {
    for await (const chunk of chunksOf(opened, texts)) {
      count += chunk.ids.length;
      withoutText += chunk.texts?.filter((text) => text === null).length ?? 0;
      yield chunk;
    }
  }
  const write = format === "parquet" ? writeParquetLabels : writeCsvLabels;
  await write(path, header, texts !== null, counted());
  const { size: bytes } = await stat(path);
  return {
    texts: count,
    withoutText: texts === null ? null : withoutText,
    journalled: await countJournalled(opened.store),
    bytes,
    format,
  };
}

async function headerOf({ store, description, damaged }: OpenedStore): Promise<LabelFileHeader> {
  const { root, format } = store;
  const { labels } = description;
  if (!Array.isArray(labels)) {
    throw new LimbeckError(
      "E_STORE",
      `Expected a store of labels, got one of an encoder's vectors, ${root}. Export the labels that were made from them.`,
    );
  }
  const [first] = damaged;
  if (first !== undefined) {
    throw new LimbeckError(
      "E_STORE",
      `Expected every shard of ${root} to be whole, got ${damaged.length} that ${damaged.length === 1 ? "is" : "are"} not, ` +
        `such as ${first.name}. Label again, which mends the store: npx limbeck label RECIPE --from label.`,
    );
  }
  return {
    digest: format.digest,
    description,
    labels: labels.map(String),
    extras: format.extras,
    provenance: await commonProvenance(root),
    files: await filesBeside(root),
  };
}
