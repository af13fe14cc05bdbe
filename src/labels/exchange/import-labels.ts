import { mkdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { LimbeckError } from "../../errors.ts";
import { canonicalJson, sha256 } from "../../platform/digest.ts";
import { explainFileError, writeFileAtomic } from "../../platform/files.ts";
import { ensureDescription, readDescription } from "../description.ts";
import { IdIndex } from "../id-index.ts";
import { openStoreAt } from "../open-store.ts";
import type { RowFormat } from "../rows.ts";
import { encodeShard, packShard } from "../shard.ts";
import { openCsvLabels } from "./csv-file.ts";
import { labelFileFormat } from "./export-labels.ts";
import type { LabelFileHeader, OpenedLabelFile, RawLabel } from "./label-file.ts";
import { openParquetLabels } from "./parquet-file.ts";

/** Rows of a shard that is written. */
const SHARD_ROWS = 16_384;
const ID = /^[0-9a-f]{32}$/;

function refuse(place: string, expected: string, got: string): LimbeckError {
  return new LimbeckError(
    "E_DATA",
    `${place}: Expected ${expected}, got ${got}. Nothing was imported: mend the file, or export it again.`,
  );
}

/** @throws LimbeckError `E_DATA` where teacher.json is not the one that the digest is of. */
function checkHeader(path: string, { digest, description, labels }: LabelFileHeader): void {
  const found = sha256(canonicalJson(description));
  if (found !== digest)
    throw refuse(path, `a teacher.json whose digest is ${digest || "given"}`, found);
  if (labels.length === 0) throw refuse(path, "class names in its teacher.json", "none");
}

function checkNumbers(place: string, values: ArrayLike<unknown>, labels: readonly string[]): void {
  if (values.length !== labels.length)
    throw refuse(place, `${labels.length} logits, one for each class`, String(values.length));
  for (let column = 0; column < values.length; column += 1) {
    const value = values[column];
    // Rounding to float32 first: what is too large for it would be infinite in the store.
    if (typeof value === "number" && Number.isFinite(Math.fround(value))) continue;
    const name = labels[column] ?? String(column);
    const got = typeof value === "number" ? String(value) : JSON.stringify(value ?? null);
    throw refuse(place, `a finite number for ${name}`, got);
  }
}

/** Holds a row against what a store takes. @returns its id */
function checkRow({ place, id, logits }: RawLabel, labels: readonly string[], seen: IdIndex) {
  if (typeof id !== "string" || !ID.test(id))
    throw refuse(place, "an id of 32 lower-case hexadecimal digits", JSON.stringify(id ?? null));
  const { size } = seen;
  const number = seen.add(id);
  if (number < size)
    throw refuse(
      place,
      "every text once",
      `${id} again: it is text ${number + 1} of the file as well`,
    );
  checkNumbers(place, logits, labels);
}

/** Goes through the whole file before anything is written. */
async function checkFile(path: string, file: OpenedLabelFile): Promise<number> {
  checkHeader(path, file.header);
  const seen = new IdIndex();
  for await (const rows of file.rows())
    for (const row of rows) checkRow(row, file.header.labels, seen);
  return seen.size;
}

/** The ids that a store has already; none where there is no store yet. */
async function presentIn(root: string): Promise<(id: string) => boolean> {
  if ((await readDescription(root)) === null) return () => false;
  const { store } = await openStoreAt(root);
  return (id) => store.has(id);
}

async function writeShard(
  root: string,
  format: RowFormat,
  rows: readonly RawLabel[],
  facts: Record<string, string>,
): Promise<void> {
  const numbers = (pick: (row: RawLabel) => ArrayLike<unknown>, width: number) => {
    const all = new Float32Array(rows.length * width);
    rows.forEach((row, at) => {
      all.set(pick(row) as ArrayLike<number>, at * width);
    });
    return all;
  };
  const shard = {
    ids: rows.map(({ id }) => id as string),
    rows: numbers(({ logits }) => logits, format.width),
    extras: numbers(({ extras }) => extras, format.extras.length),
  };
  const { name, bytes } = encodeShard(packShard(shard, format), format, facts);
  await writeFileAtomic(join(root, name), bytes);
}

/** Commits the rows that the store lacks. @returns how many */
async function writeRows(root: string, file: OpenedLabelFile): Promise<number> {
  const { digest, labels, extras, provenance } = file.header;
  const format: RowFormat = { digest, width: labels.length, dtype: "float32", extras };
  // What is not known is not claimed: such labels are compared by argmax and cosine.
  const facts = Object.fromEntries(
    Object.entries(provenance).filter((entry): entry is [string, string] => entry[1] !== null),
  );
  const has = await presentIn(root);
  let waiting: RawLabel[] = [];
  let written = 0;
  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return;
    await writeShard(root, format, waiting, facts);
    written += waiting.length;
    waiting = [];
  };
  for await (const some of file.rows()) {
    for (const row of some) if (!has(row.id as string)) waiting.push(row);
    if (waiting.length >= SHARD_ROWS) await flush();
  }
  await flush();
  return written;
}

export interface ImportedLabels {
  digest: string;
  root: string;
  /** In the file. */
  texts: number;
  /** Those that the store lacked. */
  imported: number;
}

/**
 * Takes a file of exported labels back into the store of its teacher. The whole file is checked first; texts that the
 * store has keep the labels that are there.
 *
 * @throws LimbeckError `E_DATA` naming the line or row of what is wrong; nothing has been changed then. `E_STORE` where
 *   another teacher's labels lie in the folder; `E_DISK`.
 */
export async function importLabels(path: string, labelsFolder: string): Promise<ImportedLabels> {
  const format = labelFileFormat(path);
  if (!(await stat(path).catch(() => null))?.isFile())
    throw new LimbeckError(
      "E_DATA",
      `Expected a file of labels at ${path}, got none. Mend the path.`,
    );
  const file = await (format === "parquet" ? openParquetLabels(path) : openCsvLabels(path));
  const texts = await checkFile(path, file);
  const { digest, description, files } = file.header;
  const root = join(labelsFolder, digest);
  try {
    await mkdir(root, { recursive: true });
    await ensureDescription(root, description);
    for (const [name, bytes] of Object.entries(files)) {
      // A name of a file, not a way out of the folder.
      if (basename(name) === name && !name.startsWith("."))
        await writeFileAtomic(join(root, name), bytes);
    }
    return { digest, root, texts, imported: await writeRows(root, file) };
  } catch (thrown) {
    throw explainFileError(thrown, root);
  }
}
