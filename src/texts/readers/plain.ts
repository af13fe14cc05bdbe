import type { ReaderInput, SourceRow, TextFile } from "../text-file.ts";
import { readLines } from "./lines.ts";

async function* readRows(input: ReaderInput): AsyncGenerator<SourceRow, void, undefined> {
  const { path, file } = input;
  for await (const { content, line } of readLines(path, file, input.onBytes)) {
    yield { text: content, label: null, file, line };
  }
}

/** Opens a plain text file: one text a line, no labels. */
export function openPlain(input: ReaderInput): TextFile {
  return {
    file: input.file,
    format: "plain text",
    columns: { text: "each line", label: null, guessed: false },
    allColumns: [],
    rows: () => readRows(input),
  };
}
