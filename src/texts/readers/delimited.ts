import { Readable, pipeline } from "node:stream";
import { parse } from "csv-parse";
import { LimbeckError } from "../../errors.ts";
import { readTextBytes } from "../bytes.ts";
import { chooseColumns } from "../columns.ts";
import { parserError } from "../read-errors.ts";
import type { ReaderInput, SourceRow, TextColumns, TextFile } from "../text-file.ts";
import { readLayout, type DelimitedLayout } from "./delimited-layout.ts";

/** Longest row, in characters: more is a sign that the file is not what its name says. */
const LONGEST_ROW = 1 << 24;

const count = (text: string, part: string): number => text.split(part).length - 1;

/** Line numbers of rows, which csv-parse gives for their ends and with each CRLF inside a field counted twice. */
class LineNumbers {
  private twice = 0;

  startOf(record: readonly string[], parserLine: number): number {
    let inside = 0;
    for (const field of record) {
      if (!field.includes("\n")) continue;
      inside += count(field, "\n");
      this.twice += count(field, "\r\n");
    }
    return parserLine - this.twice - inside;
  }
}

function raggedRow(file: string, line: number, got: number, layout: DelimitedLayout): LimbeckError {
  const name =
    { ",": "comma", "\t": "tab", ";": "semicolon" }[layout.delimiter] ?? `"${layout.delimiter}"`;
  const cure =
    got > layout.header.length
      ? layout.quotes
        ? `Put a text that contains a ${name} between double quotes.`
        : `Take the ${name} out of the text.`
      : `Give the row its missing columns, with empty ones as nothing between the ${name}s.`;
  return new LimbeckError(
    "E_DATA",
    `${file}:${line}: Expected ${layout.header.length} columns as in the header, got ${got}. ${cure}`,
  );
}

/** The rows below the header, each with as many fields as it has. */
export async function* readRecords(
  input: Pick<ReaderInput, "path" | "file" | "onBytes">,
  layout: DelimitedLayout,
): AsyncGenerator<{ record: string[]; line: number }, void, undefined> {
  const { path, file } = input;
  const parser = parse({
    delimiter: layout.delimiter,
    quote: layout.quotes ? '"' : null,
    record_delimiter: ["\r\n", "\n"], // both, since files that were put together mix them
    relax_quotes: true, // the layout's scan has already refused a quote that is not closed
    relax_column_count: true, // checked here, with the line on which the row begins
    skip_empty_lines: true,
    max_record_size: LONGEST_ROW,
    info: true,
  });
  const source = Readable.from(readTextBytes(path, file, input.onBytes), { objectMode: false });
  pipeline(source, parser, () => undefined); // errors reach the loop below through the parser
  const lines = new LineNumbers();
  let header = true;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      const line = lines.startOf(record, info.lines);
      if (record.length !== layout.header.length)
        throw raggedRow(file, line, record.length, layout);
      if (header) {
        header = false;
        continue;
      }
      yield { record, line };
    }
  } catch (thrown) {
    throw parserError(thrown, file);
  }
}

async function* readRows(
  input: ReaderInput,
  layout: DelimitedLayout,
  columns: TextColumns,
): AsyncGenerator<SourceRow, void, undefined> {
  const { file } = input;
  const textAt = layout.header.indexOf(columns.text);
  const labelAt = columns.label === null ? -1 : layout.header.indexOf(columns.label);
  for await (const { record, line } of readRecords(input, layout)) {
    const label = labelAt === -1 ? "" : record[labelAt]!.trim();
    yield { text: record[textAt]!, label: label === "" ? null : label, file, line };
  }
}

/** Opens a CSV or TSV file: delimiter and quoting from the file, columns by name. */
export async function openDelimited(input: ReaderInput, extension: string): Promise<TextFile> {
  const layout = await readLayout(input.path, input.file, extension);
  const columns = chooseColumns(layout.header, input);
  return {
    file: input.file,
    format: layout.delimiter === "\t" ? "TSV" : "CSV",
    columns,
    allColumns: layout.header,
    rows: () => readRows(input, layout, columns),
  };
}
