import { relative } from "node:path";
import { describe, expect, it } from "vitest";
import { expandGlob, isGlob } from "../../src/texts/glob.ts";
import { makeWorkspace } from "./workspace.ts";

const { folder, write } = makeWorkspace();
for (const name of [
  "a.csv",
  "b.csv",
  "b.tsv",
  ".hidden.csv",
  "deep/c.csv",
  "deep/er/d.csv",
  "deep/x[1].csv",
])
  write(name, "x");

const expand = async (pattern: string): Promise<string[]> =>
  (await expandGlob(`${folder}/${pattern}`)).map((path) => relative(folder, path));

describe("expandGlob", () => {
  it.each([
    ["*.csv", ["a.csv", "b.csv"]],
    ["?.tsv", ["b.tsv"]],
    ["b.{csv,tsv}", ["b.csv", "b.tsv"]],
    ["[!a].csv", ["b.csv"]],
    ["**/*.csv", ["a.csv", "b.csv", "deep/c.csv", "deep/er/d.csv", "deep/x[1].csv"]],
    ["deep/**/d.csv", ["deep/er/d.csv"]],
    ["d*/*.csv", ["deep/c.csv", "deep/x[1].csv"]],
    [".*.csv", [".hidden.csv"]],
    ["a+.csv", []],
  ])("expands %s", async (pattern, expected) => {
    expect(await expand(pattern)).toEqual(expected);
  });
});

describe("isGlob", () => {
  it("tells patterns from names", () => {
    expect(["*.csv", "a?.csv", "[ab].csv", "{a,b}.csv"].every(isGlob)).toBe(true);
    expect(["a.csv", "a{b}.csv", "folder/a,b.csv"].some(isGlob)).toBe(false);
  });
});
