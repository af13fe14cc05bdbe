import { LimbeckError } from "../../errors.ts";
import { readTextPieces } from "../bytes.ts";

/** Longest line, in characters. */
const LONGEST_LINE = 1 << 27;

/** The lines of a text file without their ends (LF or CRLF); an end of line at the end of the file opens no other. */
export async function* readLines(
  path: string,
  file: string,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<{ content: string; line: number }, void, undefined> {
  let rest = "";
  let line = 1;
  for await (const piece of readTextPieces(path, file, onBytes)) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    if (rest.length > LONGEST_LINE) {
      throw new LimbeckError(
        "E_DATA",
        `${file}:${line + lines.length}: Expected lines of text, got one without an end. Check the file.`,
      );
    }
    for (const content of lines) {
      yield { content: content.endsWith("\r") ? content.slice(0, -1) : content, line };
      line += 1;
    }
  }
  if (rest !== "") yield { content: rest, line };
}
