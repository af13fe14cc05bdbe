import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { LimbeckError, messageOf } from "../errors.ts";
import { explainReadError } from "./read-errors.ts";
import { signatureProblem } from "./signatures.ts";

const NEWLINE = 0x0a;
const PIECE = 1 << 18;

/** Newlines among the bytes. */
export function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/** How many bytes belong to whole characters: less than all where the last character goes on in the next piece. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue; // inside a character: its first byte lies further back
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
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

async function* rawBytes(
  path: string,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const source = createReadStream(path, { highWaterMark: PIECE });
  if (onBytes !== undefined) source.on("data", (piece) => { onBytes(piece.length); });
  if (!path.endsWith(".gz")) {
    yield* source as AsyncIterable<Buffer>;
    return;
  }
  const gunzip = createGunzip({ chunkSize: PIECE });
  // Errors of either stream reach the loop below through gunzip; the callback is there so that none goes unhandled.
  pipeline(source, gunzip, () => undefined);
  yield* gunzip as AsyncIterable<Buffer>;
}

/** Refuses NUL bytes and what is not UTF-8. */
function checkPiece(piece: Uint8Array, line: number, file: string): void {
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

/**
 * The bytes of a text file, unpacked where the name ends in `.gz`, without a byte order mark, cut between characters;
 * every piece has been checked to be UTF-8.
 *
 * @param path - absolute
 * @param file - the path as messages name it
 * @throws LimbeckError `E_DATA` when the file is missing, empty, binary, in another encoding or cut short.
 */
export async function* readTextBytes(
  path: string,
  file: string,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  let first = true;
  try {
    for await (const piece of rawBytes(path, onBytes)) {
      let joined = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      if (first) {
        if (joined.length < 4) { rest = joined; continue; }
        const problem = signatureProblem(joined, file);
        if (problem !== null) throw new LimbeckError("E_DATA", problem);
        if (joined[0] === 0xef && joined[1] === 0xbb && joined[2] === 0xbf) joined = joined.subarray(3);
        first = false;
      }
      const whole = wholeCharacters(joined);
      rest = joined.subarray(whole);
      const checked = joined.subarray(0, whole);
      checkPiece(checked, line, file);
      line += countNewlines(checked);
      if (checked.length > 0) yield checked;
    }
  } catch (thrown) {
    throw explainReadError(thrown, file);
  }
  if (first && rest.length === 0) {
    throw new LimbeckError("E_DATA", `Expected texts in ${file}, got an empty file. Fill it or name another one.`);
  }
  if (rest.length > 0) {
    if (rest[0] === 0xef && rest[1] === 0xbb && rest[2] === 0xbf) rest = rest.subarray(3);
    checkPiece(rest, line, file);
    yield rest;
  }
}

/** The same as strings. */
export async function* readTextPieces(
  path: string,
  file: string,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<string, void, undefined> {
  for await (const piece of readTextBytes(path, file, onBytes)) yield piece.toString("utf8");
}

/** A message for what a parser threw: ours as it is, others with the file's name. */
export function parserError(thrown: unknown, file: string): unknown {
  if (thrown instanceof LimbeckError) return thrown;
  return new LimbeckError("E_DATA", `Cannot read ${file}: ${messageOf(thrown)}.`, { cause: thrown });
}
