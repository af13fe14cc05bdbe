import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { failureOf, makeWorkspace, openFile, readRows, readTriples } from "../workspace.ts";

const { folder, write } = makeWorkspace();

describe("plain text", () => {
  it("is one text a line, with either end of line and none at the end", async () => {
    expect(await readTriples(write("a.txt", "one\r\n\ntwo \nthree"))).toEqual([
      ["one", null, 1],
      ["", null, 2],
      ["two ", null, 3],
      ["three", null, 4],
    ]);
  });

  it("keeps lines whole that lie across pieces of the file", async () => {
    const lines = Array.from({ length: 30_000 }, (_, at) => `line ${at} of text that goes on`);
    const rows = await readRows(write("long.txt", lines.join("\n")));
    expect(rows.map(({ text }) => text)).toEqual(lines);
    expect(rows.at(-1)?.line).toBe(30_000);
  });
});

describe("a folder", () => {
  it("has a file per text and a sub-folder per label", async () => {
    write("reviews/pos/1.txt", "good\nfilm\n");
    write("reviews/pos/deep/2.txt.gz", gzipSync("fine"));
    write("reviews/neg/1.txt", "bad");
    write("reviews/neg/2.txt", "");
    write("reviews/README.md", "no text of the set");
    write("reviews/neg/.hidden", "no");
    const rows = await readRows(join(folder, "reviews"));
    expect(rows.map(({ text, label, file }) => [text, label, file])).toEqual([
      ["bad", "neg", "reviews/neg/1.txt"],
      ["", "neg", "reviews/neg/2.txt"],
      ["good\nfilm\n", "pos", "reviews/pos/1.txt"],
      ["fine", "pos", "reviews/pos/deep/2.txt.gz"],
    ]);
    const opened = await openFile(join(folder, "reviews"));
    expect(opened.columns).toEqual({ text: "each file", label: "sub-folder", guessed: false });
  });

  it("has no labels without sub-folders", async () => {
    write("flat/1.txt", "one");
    expect((await readRows(join(folder, "flat"))).map(({ text, label }) => [text, label])).toEqual([
      ["one", null],
    ]);
  });

  it("is refused where it is empty or holds tables", async () => {
    write("nothing/.keep", "");
    expect((await failureOf(openFile(join(folder, "nothing")))).message).toMatch(
      /^Expected texts in nothing, got an empty folder\./,
    );
    write("tables/train.csv", "text,label\n");
    expect((await failureOf(openFile(join(folder, "tables")))).message).toMatch(
      /^Expected one text a file in tables, got train\.csv\. Name such files/,
    );
  });

  it("names the file that is not UTF-8", async () => {
    write("mixed/a/1.txt", "fine");
    write("mixed/a/2.txt", Buffer.from("caf\xe9", "latin1"));
    expect((await failureOf(readRows(join(folder, "mixed")))).message).toMatch(
      /^mixed\/a\/2\.txt:1: Expected UTF-8/,
    );
  });
});
