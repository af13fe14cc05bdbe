import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Collector, truncateText, type Collected } from "../../src/texts/collect.ts";
import type { Role } from "../../src/texts/sources.ts";
import { failureOf, makeWorkspace } from "./workspace.ts";

const { folder, write } = makeWorkspace();

async function collect(files: [string, Role][], maxCharacters = 10_000): Promise<Collected> {
  const collector = new Collector({ columns: {}, maxCharacters });
  for (const [file, role] of files)
    await collector.addFile({ path: join(folder, file), file }, role);
  return collector.collected;
}

const pairs = ({ rows }: Collected): [string, string | null][] =>
  rows.map(({ text, label }) => [text, label]);

describe("truncateText", () => {
  it("cuts at the limit, and never inside a character", () => {
    expect(truncateText("abcdef", 4)).toBe("abcd");
    expect(truncateText("abcd", 4)).toBe("abcd");
    expect(truncateText("abc😀d", 4)).toBe("abc"); // 😀 is the units 3 and 4
    expect(truncateText("ab😀d", 4)).toBe("ab😀");
  });
});

describe("Collector", () => {
  it("drops empty texts and duplicates and counts them; the first label stays", async () => {
    write("a.csv", "text,label\none,x\n  ,x\none,x\none,y\ntwo,y\n");
    const collected = await collect([["a.csv", "train"]]);
    expect(pairs(collected)).toEqual([
      ["one", "x"],
      ["two", "y"],
    ]);
    expect(collected.counts).toEqual({
      read: 5,
      empty: 1,
      truncated: 0,
      duplicates: 2,
      conflicts: 1,
      unlabelled: 0,
    });
  });

  it("cuts long texts before they get their ids: two that differ beyond the limit are one", async () => {
    write("long.csv", `text,label\n${"a".repeat(100_000)},x\n${"a".repeat(16)}b,x\n`);
    const collected = await collect([["long.csv", "train"]], 16);
    expect(pairs(collected)).toEqual([["a".repeat(16), "x"]]);
    expect(collected.counts).toMatchObject({ truncated: 2, duplicates: 1 });
  });

  it("keeps the label of a text that is both labelled and unlabeled, in whatever order", async () => {
    write("labelled.csv", "text,label\none,x\n");
    write("more.txt", "one\ntwo\n");
    expect(
      pairs(
        await collect([
          ["labelled.csv", "train"],
          ["more.txt", "unlabeled"],
        ]),
      ),
    ).toEqual([
      ["one", "x"],
      ["two", null],
    ]);
    expect(
      pairs(
        await collect([
          ["more.txt", "unlabeled"],
          ["labelled.csv", "train"],
        ]),
      ),
    ).toEqual([
      ["one", "x"],
      ["two", null],
    ]);
  });

  it("never reads the labels of unlabeled files", async () => {
    write("secret.csv", "text,label\none,x\n");
    const collected = await collect([["secret.csv", "unlabeled"]]);
    expect(pairs(collected)).toEqual([["one", null]]);
    expect(collected.columns).toEqual([
      { file: "secret.csv", text: "text", label: null, guessed: true },
    ]);
  });

  it("notes training files without labels, and refuses such test files", async () => {
    write("bare.csv", "text,mood\none,x\n");
    expect((await collect([["bare.csv", "train"]])).withoutLabels).toEqual([
      { file: "bare.csv", columns: ["text", "mood"] },
    ]);
    expect((await failureOf(collect([["bare.csv", "test"]]))).message).toBe(
      'Expected labels in bare.csv, which is named as test, got the columns "text", "mood". ' +
        "Name the column in data.columns.label, or name the file under unlabeled.",
    );
    write("hole.csv", "text,label\none,x\ntwo,\n");
    expect((await failureOf(collect([["hole.csv", "validation"]]))).message).toMatch(
      /^hole\.csv:3: Expected a label, since the file is named as validation, got none\./,
    );
    expect((await collect([["hole.csv", "train"]])).counts.unlabelled).toBe(1);
  });

  it("refuses a file that has a header and no rows", async () => {
    write("header.csv", "text,label\n");
    expect((await failureOf(collect([["header.csv", "train"]]))).message).toBe(
      "Expected rows in header.csv, got only a header. Fill the file or name another one.",
    );
  });

  it("stops when it is told to", async () => {
    write("many.txt", Array.from({ length: 10_000 }, (_, at) => `text ${at}`).join("\n"));
    const collector = new Collector({
      columns: {},
      maxCharacters: 100,
      signal: AbortSignal.abort(new Error("stopped")),
    });
    await expect(
      collector.addFile({ path: join(folder, "many.txt"), file: "many.txt" }, "train"),
    ).rejects.toThrow("stopped");
  });
});
