import { describe, expect, it } from "vitest";
import { readIdentified, readSplit, splitPath, writeSplit } from "../../src/texts/splits.ts";
import { readParquet } from "../../src/formats/parquet.ts";
import { failureOf, makeWorkspace } from "./workspace.ts";
import { row } from "./rows.ts";

const { folder } = makeWorkspace();

describe("the files of the splits", () => {
  it("give back ids, texts and labels, null ones too", async () => {
    const rows = [row("plain", "a"), row('odd "ones"\n\té😀', null), row("x".repeat(100_000), "b")];
    await writeSplit(folder, "transfer", rows);
    expect(await readSplit(folder, "transfer")).toEqual(rows);
    const table = await readParquet(splitPath(folder, "transfer"));
    expect(Object.keys(table.columns)).toEqual(["id", "text", "label"]);
  });

  it("may be empty", async () => {
    await writeSplit(folder, "labelled", []);
    expect(await readSplit(folder, "labelled")).toEqual([]);
  });

  it("are read without the column of labels where only texts are wanted", async () => {
    const rows = [row("one", "a"), row("two", "b")];
    await writeSplit(folder, "test", rows);
    expect(await readIdentified(folder, "test")).toEqual(
      rows.map(({ id, text }) => ({ id, text })),
    );
  });

  it("are named where they are missing", async () => {
    expect((await failureOf(readSplit(folder, "validation"))).message).toContain(
      "prepare/validation.parquet",
    );
  });
});
