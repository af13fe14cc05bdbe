import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/platform/digest.ts";
import { hashSources } from "../../src/texts/hash-sources.ts";
import { resolveSources } from "../../src/texts/sources.ts";
import type { Dataset } from "../../src/types.ts";
import { failureOf, makeWorkspace } from "./workspace.ts";

const { folder, write } = makeWorkspace();
write("data/a.csv", "text,label\none,x\n");
write("data/b.csv", "text,label\ntwo,y\n");
write("classes/x/1.txt", "one");

const tiny = (hash: string): Dataset => ({
  summary: "",
  licence: "",
  files: () => ({ train: [join(folder, "data/a.csv")] }),
  columns: { text: "text", label: "label" },
  hashes: { "a.csv": hash },
});
const datasets = (hash: string) => ({ tiny: async () => await Promise.resolve(tiny(hash)) });
const resolve = async (
  source: Parameters<typeof resolveSources>[0]["source"],
  from: string | null = folder,
) => await resolveSources({ source, columns: {} }, from, datasets(""));

describe("resolveSources", () => {
  it("finds paths beside the recipe, lists and patterns, and names them as the recipe does", async () => {
    const { files, dataset } = await resolve({
      train: ["data/b.csv", "data/a.csv"],
      test: "data/*.csv",
      unlabeled: "classes",
    });
    expect(dataset).toBeNull();
    expect(files.train.map(({ file }) => file)).toEqual(["data/b.csv", "data/a.csv"]);
    expect(files.test).toEqual([
      { path: join(folder, "data/a.csv"), file: "data/a.csv" },
      { path: join(folder, "data/b.csv"), file: "data/b.csv" },
    ]);
    expect(files.unlabeled[0]?.path).toBe(join(folder, "classes"));
  });

  it("finds a path in the package from anywhere", async () => {
    const { files } = await resolve("recipes/your-texts.csv");
    expect(files.train[0]?.path).toMatch(/recipes\/your-texts\.csv$/);
  });

  it("names what is near where nothing is there", async () => {
    expect((await failureOf(resolve("data/a.cvs"))).message).toMatch(
      /^Expected texts at "data\/a\.cvs", got no such file or folder in .*\. Did you mean ".*data\/a\.csv"\?$/,
    );
    expect((await failureOf(resolve("tinny"))).message).toMatch(/Did you mean "tiny"\?$/);
    expect((await failureOf(resolve("data/*.parquet"))).message).toMatch(
      /^Expected files that match "data\/\*\.parquet", got none in /,
    );
  });

  it("refuses a source with nothing to learn from", async () => {
    expect((await failureOf(resolve({ test: "data/a.csv" }))).message).toMatch(
      /^Expected data\.source to name train or unlabeled, got neither\./,
    );
  });
});

describe("hashSources", () => {
  it("depends on names and contents, not on where the files lie", async () => {
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere);
    cpSync(join(folder, "data"), join(elsewhere, "data"), { recursive: true });
    cpSync(join(folder, "classes"), join(elsewhere, "classes"), { recursive: true });
    const source = { train: "data/*.csv", unlabeled: "classes" };
    const hashes = await hashSources(await resolve(source));
    expect(await hashSources(await resolve(source, elsewhere))).toEqual(hashes);
    expect(hashes.train).toEqual([
      { name: "a.csv", sha256: sha256("text,label\none,x\n") },
      { name: "b.csv", sha256: sha256("text,label\ntwo,y\n") },
    ]);
    write("elsewhere/classes/x/1.txt", "another");
    expect(await hashSources(await resolve(source, elsewhere))).not.toEqual(hashes);
  });

  it("refuses a dataset's file that is not what its hash says", async () => {
    const right = sha256("text,label\none,x\n");
    const load = async (hash: string) =>
      await hashSources(
        await resolveSources({ source: "tiny", columns: {} }, null, datasets(hash)),
      );
    expect((await load(right)).train).toEqual([{ name: "a.csv", sha256: right }]);
    expect((await failureOf(load("0".repeat(64)))).message).toMatch(
      /with SHA-256 0{64}, got [0-9a-f]{64}\. The dataset's file has been changed/,
    );
  });
});
