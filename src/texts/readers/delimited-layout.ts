import { parse } from "csv-parse/sync";
import { LimbeckError } from "../../errors.ts";
import { readTextBytes } from "../bytes.ts";
import { QuotingScan, type Quoting } from "./quoting.ts";

/** How a CSV or TSV file is written. */
export interface DelimitedLayout {
  delimiter: string;
  /** False where quotes are letters like any other, as in most TSV files. */
  quotes: boolean;
  header: string[];
}

const DELIMITERS = [",", ";", "\t", "|"];

/** The delimiter that the header has most of, outside quotes; a comma where it has none. */
function guessDelimiter(start: string): string {
  const header = (/^[\r\n]*([^\r\n]*)/.exec(start)?.[1] ?? "").replaceAll(/"[^"]*"/g, "");
  const counts = DELIMITERS.map((delimiter) => header.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

/**
 * In a TSV file quotes are part of the texts, unless every field that opens with one is closed by one and none reaches
 * over what looks like several rows.
 */
function usesQuotes(delimiter: string, quoting: Quoting): boolean {
  if (delimiter !== "\t") return true;
  return (
    quoting.quoted > 0 && quoting.stray === null && quoting.open === null && !quoting.spansRows
  );
}

function readHeader(start: Buffer, layout: Omit<DelimitedLayout, "header">): string[] {
  const options = { delimiter: layout.delimiter, quote: layout.quotes ? '"' : null };
  const records = parse(start, { ...options, to: 1, relax_quotes: true, skip_empty_lines: true });
  return (records[0] ?? []).map((name) => name.trim());
}

/**
 * Reads a delimited file once, without keeping it, for its delimiter, its way with quotes and its header.
 *
 * @throws LimbeckError `E_DATA` with the line on which a quote was opened and not closed.
 */
export async function readLayout(
  path: string,
  file: string,
  extension: string,
): Promise<DelimitedLayout> {
  let start: Buffer | null = null;
  let scan: QuotingScan | null = null;
  let delimiter = "\t";
  for await (const piece of readTextBytes(path, file)) {
    if (start === null) {
      start = piece;
      if (extension === ".csv") delimiter = guessDelimiter(piece.toString("utf8"));
      scan = new QuotingScan(delimiter);
    }
    scan?.add(piece);
  }
  const quoting = scan!.finish();
  const quotes = usesQuotes(delimiter, quoting);
  if (quotes && quoting.open !== null) {
    throw new LimbeckError(
      "E_DATA",
      `${file}:${quoting.open}: Expected a closing quote, got none for the one that opens on this line. ` +
        'Close it, and write quotes inside a quoted field twice (""); a text that merely begins with a quote is written """so"" here".',
    );
  }
  return { delimiter, quotes, header: readHeader(start!, { delimiter, quotes }) };
}
