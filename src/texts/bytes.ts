import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { LimbeckError } from "../errors.ts";
import { checkEncoding, countNewlines } from "./encoding.ts";
import { explainReadError } from "./read-errors.ts";
import { signatureProblem } from "./signatures.ts";

const PIECE = 1 << 18;

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

async function* rawBytes(
  path: string,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const source = createReadStream(path, { highWaterMark: PIECE });
  if (onBytes !== undefined)
    source.on("data", (piece) => {
      onBytes(piece.length);
    });
  if (!path.endsWith(".gz")) {
    yield* source as AsyncIterable<Buffer>;
    return;
  }
  const gunzip = createGunzip({ chunkSize: PIECE });
  // Errors of either stream reach the loop below through gunzip; the callback is there so that none goes unhandled.
  pipeline(source, gunzip, () => undefined);
  yield* gunzip as AsyncIterable<Buffer>;
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
        if (joined.length < 4) {
          rest = joined;
          continue;
        }
        const problem = signatureProblem(joined, file);
        if (problem !== null) throw new LimbeckError("E_DATA", problem);
        if (joined[0] === 0xef && joined[1] === 0xbb && joined[2] === 0xbf)
          joined = joined.subarray(3);
        first = false;
      }
      const whole = wholeCharacters(joined);
      rest = joined.subarray(whole);
      const checked = joined.subarray(0, whole);
      checkEncoding(checked, line, file);
      line += countNewlines(checked);
      if (checked.length > 0) yield checked;
    }
  } catch (thrown) {
    throw explainReadError(thrown, file);
  }
  if (first && rest.length === 0) {
    throw new LimbeckError(
      "E_DATA",
      `Expected texts in ${file}, got an empty file. Fill it or name another one.`,
    );
  }
  if (rest.length > 0) {
    if (rest[0] === 0xef && rest[1] === 0xbb && rest[2] === 0xbf) rest = rest.subarray(3);
    checkEncoding(rest, line, file);
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
