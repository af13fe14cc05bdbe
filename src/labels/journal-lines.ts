import { crc32 } from "node:zlib";
import type { ProcessIdentity } from "../platform/process-identity.ts";
import type { Outlay, TextId } from "../types.ts";

/** First line of a journal: who writes it, and in which currency `paid` is counted. */
export interface JournalHeader {
  schema: "limbeck.journal/1";
  holder: ProcessIdentity;
  /** Null where no price is known. */
  currency: string | null;
}

/** An answer, a text that was set aside, or a call that was paid and settled nothing. */
export interface JournalEntry {
  id: TextId;
  /** `[C]` */
  logits?: readonly number[];
  extras?: Readonly<Record<string, number>>;
  /** Why the text is set aside. */
  reason?: string;
  paid?: Outlay;
}

export interface JournalContent {
  header: JournalHeader;
  entries: JournalEntry[];
  /** Whether its writer has ended it: nothing will be added. */
  closed: boolean;
  /** Lines that are not what was written; a last one that was cut short is none of them. */
  damaged: number;
}

const CHECKSUM = /^(.*),"crc":(\d+)\}$/s;

/**
 * An object as a line of JSON whose last key is the CRC-32 of the line without it, so that a changed digit is noticed.
 * Numbers of float32 keep their bits: nine significant digits name one float32.
 */
export function encodeLine(value: object): string {
  const json = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "number" && !Number.isInteger(inner) ? Number(inner.toPrecision(9)) : inner,
  );
  return `${json.slice(0, -1)},"crc":${crc32(json)}}\n`;
}

/** The inverse of {@link encodeLine}; null where the line is not as it was written. */
export function decodeLine(line: string): Record<string, unknown> | null {
  const found = CHECKSUM.exec(line);
  if (found === null) return null;
  const json = `${found[1]!}}`;
  if (crc32(json) !== Number(found[2])) return null;
  return JSON.parse(json) as Record<string, unknown>;
}

/** A journal's text as far as it was written; null where it has no header. */
export function parseJournal(text: string): JournalContent | null {
  const lines = text.split("\n");
  lines.pop(); // what follows the last line break: nothing, or a line that a kill cut short
  const header = decodeLine(lines.shift() ?? "") as JournalHeader | null;
  if (header?.schema !== "limbeck.journal/1") return null;
  const content: JournalContent = { header, entries: [], closed: false, damaged: 0 };
  for (const line of lines) {
    const value = decodeLine(line);
    if (value === null) content.damaged += 1;
    else if (value["closed"] === true) content.closed = true;
    else content.entries.push(value as unknown as JournalEntry);
  }
  return content;
}
