import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { parse, type Info } from "csv-parse";
import { LimbeckError, messageOf } from "../../errors.ts";
import { replaceFile, writeFileAtomic } from "../../platform/files.ts";
import type { Description } from "../description.ts";
import type { LabelChunk, LabelFileHeader, OpenedLabelFile, RawLabel } from "./label-file.ts";

/** What a CSV file cannot say of itself, in the file beside it. */
interface SideFile {
  schema: "limbeck.label-file/1";
  digest: string;
  teacher: Description;
  extras: readonly string[];
  text: boolean;
  runtime: string | null;
  processor: string | null;
}

/** Rows that are handed on together. */
const CHUNK_ROWS = 4096;

/** Where a CSV file's teacher.json lies. */
function sideFilePath(path: string): string {
  return `${path}.teacher.json`;
}

/** The shortest decimal of at most nine digits: as many as bring every float32 back to the bit. */
export function formatFloat32(value: number): string {
  if (Number.isNaN(value)) return "";
  return Object.is(value, -0) ? "-0" : String(Number(value.toPrecision(9)));
}

function quote(field: string): string {
  return /[",\r\n]/.test(field) || field.trim() !== field
    ? `"${field.replaceAll('"', '""')}"`
    : field;
}

function* lines({ ids, texts, rows, extras }: LabelChunk, width: number): Generator<string> {
  const beside = extras.length / Math.max(1, ids.length);
  for (const [row, id] of ids.entries()) {
    const fields = [id];
    if (texts !== null) fields.push(quote(texts[row] ?? ""));
    for (let column = 0; column < width; column += 1)
      fields.push(formatFloat32(rows[row * width + column]!));
    for (let column = 0; column < beside; column += 1)
      fields.push(formatFloat32(extras[row * beside + column]!));
    yield `${fields.join(",")}\n`;
  }
}

/**
 * Writes labels as CSV: `id`, `text` where texts are given, a column per class, a column per extra; and
 * `<path>.teacher.json` beside it.
 *
 * @throws LimbeckError `E_DISK`; the file is then as it was before.
 */
export async function writeCsvLabels(
  path: string,
  header: LabelFileHeader,
  withTexts: boolean,
  chunks: AsyncIterable<LabelChunk>,
): Promise<void> {
  const { digest, description, labels, extras, provenance } = header;
  await replaceFile(path, async (temporary) => {
    const handle = await open(temporary, "wx");
    try {
      const names = ["id", ...(withTexts ? ["text"] : []), ...labels, ...extras];
      await handle.appendFile(`${names.map(quote).join(",")}\n`);
      for await (const chunk of chunks)
        await handle.appendFile([...lines(chunk, labels.length)].join(""));
    } finally {
      await handle.close();
    }
  });
  const side: SideFile = {
    schema: "limbeck.label-file/1",
    digest,
    teacher: description,
    extras,
    text: withTexts,
    ...provenance,
  };
  await writeFileAtomic(sideFilePath(path), `${JSON.stringify(side, null, 2)}\n`);
}

async function readSideFile(path: string): Promise<Partial<SideFile>> {
  const beside = sideFilePath(path);
  try {
    return JSON.parse(await readFile(beside, "utf8")) as Partial<SideFile>;
  } catch (thrown) {
    const none = (thrown as NodeJS.ErrnoException).code === "ENOENT";
    throw new LimbeckError(
      "E_DATA",
      `Expected ${beside}, which says whose labels these are, got ${none ? "no such file" : messageOf(thrown)}. ` +
        "Copy it from where the labels were exported, or export them as .parquet, which holds all in one file.",
      { cause: thrown },
    );
  }
}

/** @throws LimbeckError `E_DATA` where the first line is not what the side file tells. */
function requireColumns(path: string, found: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((name, column) => found[column] !== name);
  if (at < 0 && found.length === expected.length) return;
  const column = at < 0 ? expected.length : at;
  throw new LimbeckError(
    "E_DATA",
    `${path}:1: Expected ${expected.length} columns, with ${expected[column] ?? "none"} in column ${column + 1}, ` +
      `got ${found.length}, with ${found[column] ?? "none"} there. Its teacher.json belongs to another file, or columns were moved.`,
  );
}

/** What is no number stays as it is, to be shown. */
function toNumber(field: string): unknown {
  const number = field.trim() === "" ? NaN : Number(field);
  return Number.isNaN(number) ? field : number;
}

/** Where there is none the field is empty. */
function toExtra(field: string): number {
  return field.trim() === "" ? NaN : Number(field);
}

/** Opens what `writeCsvLabels` wrote. @throws LimbeckError `E_DATA` where it does not fit its teacher.json. */
export async function openCsvLabels(path: string): Promise<OpenedLabelFile> {
  const side = await readSideFile(path);
  const { labels } = side.teacher ?? {};
  const extras: readonly string[] = side.extras ?? [];
  if (!Array.isArray(labels)) {
    throw new LimbeckError(
      "E_DATA",
      `Expected class names in ${sideFilePath(path)}, got none. Copy it from where the labels were exported.`,
    );
  }
  const names = labels.map(String);
  const expected = ["id", ...(side.text ? ["text"] : []), ...names, ...extras];
  const first = side.text ? 2 : 1;
  async function* rows(): AsyncGenerator<RawLabel[]> {
    const parser = createReadStream(path).pipe(
      parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true }),
    );
    let chunk: RawLabel[] = [];
    let started = false;
    for await (const item of parser) {
      const { record, info } = item as { record: string[]; info: Info };
      if (!started) requireColumns(path, record, expected);
      if (started) {
        chunk.push({
          place: `${path}:${info.lines}`,
          id: record[0],
          logits: record.slice(first, record.length - extras.length).map(toNumber),
          extras: record.slice(record.length - extras.length).map(toExtra),
        });
      }
      started = true;
      if (chunk.length < CHUNK_ROWS) continue;
      yield chunk;
      chunk = [];
    }
    if (!started) requireColumns(path, [], expected);
    yield chunk;
  }
  const provenance = { runtime: side.runtime ?? null, processor: side.processor ?? null };
  const { digest = "", teacher: description = {} } = side;
  return { header: { digest, description, labels: names, extras, provenance, files: {} }, rows };
}
