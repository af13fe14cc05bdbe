import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkStore } from "../../src/labels/check-store.ts";
import { findStore } from "../../src/labels/find-store.ts";
import { findGarbage, mergeShards, removeGarbage } from "../../src/labels/garbage.ts";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { openStoreAt } from "../../src/labels/open-store.ts";
import { digestsIn, usersOf } from "../../src/labels/references.ts";
import { surveyStores } from "../../src/labels/survey.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { textId } from "../../src/texts/ids.ts";
import { writeStore } from "./stored.ts";

let folder = "";
let labelsFolder = "";
let runsFolder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-manage-"));
  labelsFolder = join(folder, "labels");
  runsFolder = join(folder, "runs");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function writeRun(name: string, digest: string): Promise<void> {
  await mkdir(join(runsFolder, name, "label"), { recursive: true });
  const manifest = { stage: "label", details: { teacher: { kind: "test", digest } } };
  await writeFile(join(runsFolder, name, "label", "manifest.json"), JSON.stringify(manifest));
}

const shardsOf = async (root: string) =>
  (await readdir(root)).filter((name) => name.startsWith("part-"));
const never = () => undefined;

describe("findStore", () => {
  const stores = ["abc1", "abd2", "ffff"].map((digest) => ({ digest, root: digest }));
  it("takes as many digits as tell it apart", () => {
    expect(findStore(stores, "abd").digest).toBe("abd2");
    expect(findStore(stores, "F").digest).toBe("ffff");
  });
  it.each([
    ["ab", /got 2\. There are:\n {2}abc1\n {2}abd2$/],
    ["0", /got none\. There are:\n {2}abc1\n {2}abd2\n {2}ffff$/],
    ["", /got 3\./],
  ])("%j is refused with those that there are", (start, message) => {
    expect(() => findStore(stores, start)).toThrow(message);
  });
});

describe("who uses a store", () => {
  it("is found by name and through what it is made of", () => {
    const encoder = { kind: "encoder", size: 4 };
    const head = { kind: "encoder-head", encoder };
    const ensemble = { kind: "ensemble", members: [digestOf(head)] };
    const stores = new Map([encoder, head, ensemble].map((one) => [digestOf(one), one]));
    const runs = [{ name: "r", teacher: "", digests: new Set([digestOf(ensemble)]) }];
    // The run names the ensemble, that the head's digest, and the head holds the encoder's description.
    expect([...usersOf(stores, runs).values()]).toEqual([["r"], ["r"], ["r"]]);
    const lone = [{ name: "s", teacher: "", digests: new Set([digestOf(encoder)]) }];
    expect([...usersOf(stores, lone).values()]).toEqual([["s"], [], []]);
    expect(digestsIn({ a: ["0".repeat(64), "short"] }).has("0".repeat(64))).toBe(true);
  });
});

describe("surveyStores", () => {
  it("tells texts, size, classes, runs and vectors without reading a row", async () => {
    const { digest, root } = await writeStore(labelsFolder, { x: [1, 2, 3], y: [4, 5, 6] });
    const description = { kind: "encoder", size: 2 };
    const vectors = await openLabelStore({
      ...{ folder: labelsFolder, description, digest: digestOf(description) },
      ...{ width: 2, dtype: "float16" as const },
    });
    await vectors.append([textId("x")], Float32Array.of(1, 2));
    await writeRun("mine", digest);
    await writeFile(join(runsFolder, "a file"), "");
    const found = await surveyStores(labelsFolder, runsFolder);
    const ofKind = (kind: string) => found.find((store) => store.kind === kind);
    expect(ofKind("test")).toMatchObject({
      ...{ digest, holds: "logits", width: 3, texts: 2, shards: 1, runs: ["mine"], problems: [] },
    });
    expect(ofKind("encoder")).toMatchObject({ holds: "vectors", width: 2, texts: 1, runs: [] });
    await writeFile(join(root, "teacher.json"), '{"kind":"other"}');
    const changed = (await surveyStores(labelsFolder, runsFolder)).find(
      (store) => store.digest === digest,
    );
    expect(changed?.problems).toEqual(["teacher.json does not have the digest of the folder"]);
  });

  it("finds nothing where there is no folder", async () => {
    expect(await surveyStores(labelsFolder, runsFolder)).toEqual([]);
  });
});

describe("checkStore", () => {
  it("counts texts, and rows that are there twice, with the same labels or others", async () => {
    const { root } = await writeStore(labelsFolder, { x: [1, 2, 3], y: [4, 5, 6] });
    const { store } = await openStoreAt(root);
    await store.appendOnce("again", [textId("x")], Float32Array.of(1, 2, 3));
    await store.appendOnce("other", [textId("y")], Float32Array.of(4, 5, 7));
    expect(await checkStore(root, never)).toMatchObject({
      ...{ shards: 3, texts: 2, duplicates: 1, conflicts: 1, notFinite: 0, damaged: [] },
    });
  });

  it("finds a flipped bit, a truncated file, another store's shard, and NaN", async () => {
    const { root } = await writeStore(labelsFolder, { x: [1, 2, 3] });
    const { store } = await openStoreAt(root);
    await store.appendOnce("cut", [textId("y")], Float32Array.of(1, 2, 3));
    await store.appendOnce("nan", [textId("z")], Float32Array.of(1, NaN, 3));
    const other = await writeStore(labelsFolder, { w: [1, 2, 3] }, { name: "other" });
    const [whole] = (await shardsOf(root)).filter((name) => !/cut|nan/.test(name));
    const bytes = await readFile(join(root, whole!));
    bytes[bytes.indexOf(Buffer.from(Float32Array.of(2).buffer))]! ^= 1;
    await writeFile(join(root, whole!), bytes);
    const cut = await readFile(join(root, "part-cut.parquet"));
    await writeFile(join(root, "part-cut.parquet"), cut.subarray(0, cut.length - 9));
    const [foreign] = await shardsOf(other.root);
    await writeFile(join(root, "part-foreign.parquet"), await readFile(join(other.root, foreign!)));
    const found = await checkStore(root, never);
    expect(found).toMatchObject({ shards: 4, texts: 1, notFinite: 1 });
    expect(found.damaged.map(({ name }) => name).sort()).toEqual(
      [whole, "part-cut.parquet", "part-foreign.parquet"].sort(),
    );
    // Looking changes nothing.
    expect(await shardsOf(root)).toHaveLength(4);
  });

  it("refuses a teacher.json that was changed", async () => {
    const { root } = await writeStore(labelsFolder, { x: [1, 2, 3] });
    await writeFile(join(root, "teacher.json"), '{"labels":["a","b","c"],"kind":"test"}');
    await expect(checkStore(root, never)).rejects.toMatchObject({ code: "E_STORE" });
  });
});

describe("findGarbage", () => {
  const hour = 3_600_000;
  const options = () => ({ labelsFolder, runsFolder, paid: false, now: Date.now() + 2 * hour });

  it("lists what no run uses, and never what one does", async () => {
    const used = await writeStore(labelsFolder, { x: [1, 2, 3] }, { name: "used" });
    const unused = await writeStore(labelsFolder, { x: [1, 2, 3] }, { name: "unused" });
    await writeRun("mine", used.digest);
    const found = await findGarbage(options());
    expect(found.garbage.map(({ kind, path }) => [kind, path])).toEqual([["unused", unused.root]]);
    expect(await removeGarbage(found.garbage)).toBe(found.garbage[0]!.bytes);
    expect(await readdir(labelsFolder)).toEqual([used.digest]);
  });

  it("keeps what was written lately, since its run may not be complete", async () => {
    const { digest } = await writeStore(labelsFolder, { x: [1, 2, 3] });
    const found = await findGarbage({ ...options(), now: Date.now() });
    expect(found.garbage).toEqual([]);
    expect(found.kept.map((kept) => kept.digest)).toEqual([digest]);
  });

  it("keeps answers that were paid for unless told otherwise", async () => {
    const { root } = await writeStore(labelsFolder, { x: [1, 2, 3] });
    await writeFile(join(root, "spent.json"), "{}");
    const kept = await findGarbage(options());
    expect([kept.garbage.length, kept.kept[0]?.reason]).toEqual([
      0,
      "no run uses it, but its answers were paid for: --paid lets it go too",
    ]);
    const { garbage } = await findGarbage({ ...options(), paid: true });
    expect(garbage.map(({ path }) => path)).toEqual([root]);
  });

  it("lists damaged shards and old leftovers of a store that stays", async () => {
    const { root, digest } = await writeStore(labelsFolder, { x: [1, 2, 3] });
    await writeRun("mine", digest);
    await mkdir(join(root, "damaged"));
    await writeFile(join(root, "damaged", "part-1.parquet"), "12345");
    await writeFile(join(root, ".part-2.parquet.tmp"), "123");
    const lately = join(root, ".part-3.parquet.tmp");
    await writeFile(lately, "1");
    const soon = new Date(Date.now() + 2 * hour);
    await utimes(lately, soon, soon);
    const { garbage } = await findGarbage(options());
    expect(garbage.map(({ kind, path, bytes }) => [kind, path, bytes])).toEqual([
      ["damaged", join(root, "damaged"), 5],
      ["temporary", join(root, ".part-2.parquet.tmp"), 3],
    ]);
  });

  it("has small shards merged, no text lost", async () => {
    const { root, digest } = await writeStore(labelsFolder, { x: [1, 2, 3] });
    await writeRun("mine", digest);
    const { store } = await openStoreAt(root);
    await store.append([textId("y")], Float32Array.of(4, 5, 6));
    const { scattered } = await findGarbage(options());
    expect(scattered).toEqual([{ root, digest, shards: 2 }]);
    expect(await mergeShards(scattered)).toBe(1);
    const merged = await openStoreAt(root);
    const rows = await merged.store.read([textId("y"), textId("x")]);
    expect([...rows]).toEqual([4, 5, 6, 1, 2, 3]);
    expect(await shardsOf(root)).toHaveLength(1);
    expect((await findGarbage(options())).scattered).toEqual([]);
  });
});
