import { isUtf8 } from "node:buffer";
import { LimbeckError } from "../errors.ts";

const NEWLINE = 0x0a;

/** Newlines among the bytes. */
export function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

function iconv(from: string, file: string): string {
  const packed = file.endsWith(".gz");
  const plain = packed ? file.slice(0, -3) : file;
  const dot = plain.lastIndexOf(".");
  const target = `${plain.slice(0, dot)}-utf8${plain.slice(dot)}`;
  return packed
    ? `gzip -dc ${file} | iconv -f ${from} -t UTF-8 > ${target}`
    : `iconv -f ${from} -t UTF-8 ${file} > ${target}`;
}

/** The error for bytes that are not UTF-8; `line` is the number of the line on which they begin. */
function encodingError(bytes: Uint8Array, line: number, file: string): LimbeckError {
  let start = 0;
  let number = line;
  for (;;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    if (newline === -1 || !isUtf8(bytes.subarray(start, end))) {
      const text = bytes.subarray(start, end);
      const around = new TextDecoder("windows-1252").decode(text).trim().slice(0, 60);
      return new LimbeckError(
        "E_DATA",
        `${file}:${number}: Expected UTF-8, got a line in another encoding, Latin-1 by the look of it ("${around}"). ` +
          `Convert the file: ${iconv("WINDOWS-1252", file)}`,
      );
    }
    start = newline + 1;
    number += 1;
  }
}

/**
 * Refuses NUL bytes and what is not UTF-8.
 *
 * @param line - number of the line on which the piece begins
 * @throws LimbeckError `E_DATA` with the line and the cure.
 */
export function checkEncoding(piece: Uint8Array, line: number, file: string): void {
  const nul = piece.indexOf(0);
  if (nul !== -1) {
    const at = line + countNewlines(piece.subarray(0, nul));
    throw new LimbeckError(
      "E_DATA",
      `${file}:${at}: Expected text, got a NUL byte: this is a binary file. Save it as CSV or JSONL in UTF-8.`,
    );
  }
  if (!isUtf8(piece)) throw encodingError(piece, line, file);
}
