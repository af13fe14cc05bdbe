import { stat } from "node:fs/promises";
import { LimbeckError } from "../errors.ts";
import { explainReadError } from "./read-errors.ts";
import { openDelimited } from "./readers/delimited.ts";
import { openFolder } from "./readers/folder.ts";
import { openJsonl } from "./readers/jsonl.ts";
import { openParquet } from "./readers/parquet.ts";
import { openPlain } from "./readers/plain.ts";
import type { ReaderInput, TextFile } from "./text-file.ts";

const FORMATS: Readonly<
  Record<string, (input: ReaderInput, extension: string) => TextFile | Promise<TextFile>>
> = {
  ".csv": openDelimited,
  ".tsv": openDelimited,
  ".tab": openDelimited,
  ".jsonl": openJsonl,
  ".ndjson": openJsonl,
  ".parquet": openParquet,
  ".txt": openPlain,
};

/** What the recipe may name, for messages. */
const FORMAT_LIST = ".csv, .tsv, .jsonl, .parquet, .txt (.gz of each), a folder, a glob";

/** The extension that tells the format, in lower case and without `.gz`. */
export function formatExtension(path: string): string {
  return /(\.[^./\\]+)?(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase() ?? "";
}

/**
 * Opens a file or folder of texts by its extension; its rows are read later, a piece at a time.
 *
 * @throws LimbeckError `E_DATA` when it is missing, of an unknown format, empty, binary, or lacks a column.
 */
export async function openTextFile(input: ReaderInput): Promise<TextFile> {
  let folder: boolean;
  let size: number;
  try {
    const found = await stat(input.path);
    folder = found.isDirectory();
    size = found.size;
  } catch (thrown) {
    throw explainReadError(thrown, input.file);
  }
  if (folder) return await openFolder(input);
  const extension = formatExtension(input.path);
  const open = FORMATS[extension];
  if (open === undefined) {
    const cure =
      extension === ".json"
        ? " One object a line makes it JSONL: jq -c '.[]' FILE > FILE.jsonl."
        : "";
    throw new LimbeckError(
      "E_DATA",
      `Expected ${FORMAT_LIST}, got ${input.file}.${cure || " Convert or rename the file."}`,
    );
  }
  if (size === 0) {
    throw new LimbeckError(
      "E_DATA",
      `Expected texts in ${input.file}, got an empty file. Fill it or name another one.`,
    );
  }
  return await open(input, extension);
}
