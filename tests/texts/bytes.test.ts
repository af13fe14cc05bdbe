import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readTextBytes } from "../../src/texts/bytes.ts";
import { failureOf, makeWorkspace, openFile, readTriples } from "./workspace.ts";

const { write, folder } = makeWorkspace();

async function readAll(path: string): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of readTextBytes(path, path.split("/").at(-1)!)) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

const failure = async (path: string): Promise<string> => (await failureOf(readAll(path))).message;

describe("readTextBytes", () => {
  it("gives every byte, in pieces that end between characters", async () => {
    // Pieces are 262,144 bytes: with an odd offset, a character of 2, 3 or 4 bytes lies across each border.
    for (const character of ["é", "語", "😀"]) {
      for (const offset of ["", "x", "xx", "xxx"]) {
        const content = offset + character.repeat(200_000);
        const path = write("pieces.txt", content);
        for await (const piece of readTextBytes(path, "pieces.txt"))
          expect(piece.toString("utf8")).not.toContain("\uFFFD");
        expect((await readAll(path)) === content).toBe(true);
      }
    }
  });

  it("unpacks .gz and drops a byte order mark", async () => {
    expect(await readAll(write("a.txt.gz", gzipSync("\uFEFFhello\n")))).toBe("hello\n");
    expect(await readAll(write("bom.txt", "\uFEFF"))).toBe("");
    expect(await readTriples(write("a.csv.gz", gzipSync("text,label\none,a\n")))).toEqual([
      ["one", "a", 2],
    ]);
  });

  it("says that a file is in Latin-1, on which line, and how to convert it", async () => {
    const content = Buffer.concat([
      Buffer.from("text,label\nfine,a\n"),
      Buffer.from("un caf\xe9,b\nmore,a\n", "latin1"),
    ]);
    const message = await failure(write("latin.csv", content));
    expect(message).toBe(
      'latin.csv:3: Expected UTF-8, got a line in another encoding, Latin-1 by the look of it ("un café,b"). ' +
        "Convert the file: iconv -f WINDOWS-1252 -t UTF-8 latin.csv > latin-utf8.csv",
    );
  });

  it("finds the line also in a later piece and at the very end", async () => {
    const lines = "a line of text\n".repeat(40_000); // 600,000 bytes, three pieces
    const content = Buffer.concat([Buffer.from(lines), Buffer.from("na\xefve", "latin1")]);
    expect(await failure(write("late.txt", content))).toMatch(/^late\.txt:40001: Expected UTF-8/);
    const last = Buffer.concat([Buffer.from("one\n"), Buffer.from("caf\xe9", "latin1")]);
    expect(await failure(write("last.txt", last))).toMatch(/^last\.txt:2: Expected UTF-8/);
    const packed = write("latin.csv.gz", gzipSync(last));
    expect(await failure(packed)).toContain(
      "gzip -dc latin.csv.gz | iconv -f WINDOWS-1252 -t UTF-8 > latin-utf8.csv",
    );
  });

  it("refuses NUL bytes with their line", async () => {
    expect(await failure(write("binary.txt", "one\ntwo\0three\n"))).toMatch(
      /^binary\.txt:2: Expected text, got a NUL byte: this is a binary file\./,
    );
  });

  it.each([
    [
      "sheet.csv",
      "PK\u0003\u0004rest",
      /^Expected UTF-8 text in sheet\.csv, got an Excel workbook or a zip archive\. Save the sheet as CSV UTF-8/,
    ],
    [
      "table.csv",
      "PAR1rest",
      /got a Parquet file\. Give the file a name that ends in \.parquet\.$/,
    ],
    [
      "packed.csv",
      gzipSync("text"),
      /got gzip-compressed data\. Give the file a name that ends in \.gz\.$/,
    ],
    [
      "wide.csv",
      Buffer.from("\uFEFFtext", "utf16le"),
      /got UTF-16\. Convert the file: iconv -f UTF-16/,
    ],
  ])("says what %s is instead", async (name, content, message) => {
    expect(await failure(write(name, content))).toMatch(message);
  });

  it("refuses an empty file and half a gzip file", async () => {
    expect(await failure(write("empty.txt.gz", gzipSync("")))).toBe(
      "Expected texts in empty.txt.gz, got an empty file. Fill it or name another one.",
    );
    const packed = gzipSync("text,label\n".repeat(1000));
    expect(await failure(write("half.csv.gz", packed.subarray(0, packed.length / 2)))).toMatch(
      /^Expected complete gzip data in half\.csv\.gz, got: unexpected end of file\./,
    );
  });
});

describe("openTextFile", () => {
  it("refuses what is missing, empty or of another format", async () => {
    expect((await failureOf(openFile(`${folder}/nowhere.csv`))).message).toMatch(
      /^Expected texts at nowhere\.csv, got no such file\./,
    );
    expect((await failureOf(openFile(write("empty.csv", "")))).message).toMatch(
      /^Expected texts in empty\.csv, got an empty file\./,
    );
    expect((await failureOf(openFile(write("a.docx", "x")))).message).toMatch(
      /^Expected \.csv, \.tsv, .* got a\.docx\. Convert/,
    );
    expect((await failureOf(openFile(write("a.json", "[]")))).message).toContain(
      "jq -c '.[]' FILE > FILE.jsonl",
    );
  });
});
