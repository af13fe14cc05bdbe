import { LimbeckError, messageOf } from "../../errors.ts";
import { chooseColumns } from "../columns.ts";
import type { ReaderInput, SourceRow, TextColumns, TextFile } from "../text-file.ts";
import { readLines } from "./lines.ts";
import { labelValue, textValue } from "./values.ts";

type JsonRow = Record<string, unknown>;

function parseRow(content: string, place: string): JsonRow {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (thrown) {
    throw new LimbeckError(
      "E_DATA",
      `${place}: Expected one JSON object on each line: ${messageOf(thrown)}. Mend the line.`,
      {
        cause: thrown,
      },
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonRow;
  throw new LimbeckError(
    "E_DATA",
    `${place}: Expected a JSON object such as {"text": "…", "label": "…"}, got ${Array.isArray(value) ? "a list" : JSON.stringify(value)}. ` +
      "Write one object a line (of a JSON list: jq -c '.[]' FILE > FILE.jsonl).",
  );
}

/** The objects of a file, one on each line that is not empty. */
export async function* readObjects(
  input: Pick<ReaderInput, "path" | "file" | "onBytes">,
): AsyncGenerator<{ row: JsonRow; line: number; place: string }, void, undefined> {
  for await (const { content, line } of readLines(input.path, input.file, input.onBytes)) {
    if (content.trim() === "") continue;
    const place = `${input.file}:${line}`;
    yield { row: parseRow(content, place), line, place };
  }
}

async function* readRows(
  input: ReaderInput,
  columns: TextColumns,
): AsyncGenerator<SourceRow, void, undefined> {
  for await (const { row, line, place } of readObjects(input)) {
    yield {
      text: textValue(row[columns.text], columns.text, place),
      label: columns.label === null ? null : labelValue(row[columns.label], columns.label, place),
      file: input.file,
      line,
    };
  }
}

/** Rows that tell which keys there are: labels may be missing from the first ones. */
const SAMPLE = 100;

/** Keys of the first rows. @throws LimbeckError `E_DATA` where there is no row. */
export async function sampleKeys(
  input: Pick<ReaderInput, "path" | "file" | "onBytes">,
): Promise<string[]> {
  const keys = new Set<string>();
  let rows = 0;
  for await (const { row } of readObjects({ ...input, onBytes: undefined })) {
    for (const key of Object.keys(row)) keys.add(key);
    rows += 1;
    if (rows === SAMPLE) break;
  }
  if (rows === 0)
    throw new LimbeckError(
      "E_DATA",
      `Expected rows in ${input.file}, got none. Fill the file or name another one.`,
    );
  return [...keys];
}

/** Opens a file with one JSON object on each line. */
export async function openJsonl(input: ReaderInput): Promise<TextFile> {
  const keys = await sampleKeys(input);
  const columns = chooseColumns(keys, input);
  return {
    file: input.file,
    format: "JSONL",
    columns,
    allColumns: keys,
    rows: () => readRows(input, columns),
  };
}
