import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compact } from "../../src/labels/compact.ts";
import { openLabelStore, type LabelStore } from "../../src/labels/label-store.ts";
import { readLogits } from "../../src/labels/read-logits.ts";
import { provenanceHere } from "../../src/labels/provenance.ts";
import { encodeShard, packShard } from "../../src/labels/shard.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { currentProcess } from "../../src/platform/process-identity.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-compact-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const description = { kind: "test", labels: ["a", "b"] };
const digest = digestOf(description);
const open = () => openLabelStore({ folder, description, digest, width: 2, extras: ["half"] });
const idOf = (text: number) => createHash("sha256").update(String(text)).digest("hex").slice(0, 32);
const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);
const rowsOf = (texts: readonly number[]) =>
  Float32Array.from(texts.flatMap((text) => [text, -text]));
const halves = (texts: readonly number[]) => Float32Array.from(texts, (text) => text / 2);

async function append(store: LabelStore, from: number, to: number, step: number): Promise<void> {
  for (let first = from; first < to; first += step) {
    const texts = range(first, Math.min(to, first + step));
    await store.append(texts.map(idOf), rowsOf(texts), halves(texts));
  }
}

const shards = async (root: string) =>
  (await readdir(root)).filter((name) => name.startsWith("part-"));

describe("compact", () => {
  it("merges small shards, keeps every row and extra, and readers that were open go on", async () => {
    const store = await open();
    await append(store, 0, 100, 5);
    const reader = await open();
    const ids = range(0, 100).map(idOf);
    expect(await compact({ root: store.root, format: store.format })).toEqual({
      merged: 20,
      written: 1,
      duplicates: 0,
    });
    expect(await shards(store.root)).toHaveLength(1);
    // Both know the shards that have gone.
    for (const open of [store, reader]) {
      expect(await open.read(ids)).toEqual(rowsOf(range(0, 100)));
      expect(await open.readExtras(ids)).toEqual(halves(range(0, 100)));
    }
    await append(store, 90, 120, 30);
    expect(await readLogits(store.root, range(0, 120).map(idOf))).toEqual(rowsOf(range(0, 120)));
    expect(await readdir(join(store.root, "claims"))).toEqual([]);
  });

  it("leaves few shards alone, and large ones", async () => {
    const store = await open();
    await append(store, 0, 35, 5); // 7 of 8
    const few = await compact({ root: store.root, format: store.format });
    await append(store, 35, 135, 100);
    // A row takes 16 + 8 + 4 bytes: the shard of 100 rows is not below 50 rows.
    const before = await shards(store.root);
    const large = await compact({
      root: store.root,
      format: store.format,
      least: 2,
      smallRows: 50,
    });
    expect([few.merged, large.merged]).toEqual([0, before.length - 1]);
    expect(await shards(store.root)).toHaveLength(2);
  });

  it("does not merge again what it has merged, also where rows are so wide that a merged shard has few", async () => {
    // 16 MB hold 1,023 rows of 16 kB, 16 bytes of id included. 18 shards of 500 make 9 of 1,000 rows.
    const width = 4096;
    const wide = await openLabelStore({ folder, description, digest, width });
    for (let first = 0; first < 18 * 500; first += 500) {
      const ids = range(first, first + 500).map(idOf);
      await wide.append(ids, new Float32Array(500 * width));
    }
    const options = { root: wide.root, format: wide.format };
    expect(await compact(options)).toMatchObject({ merged: 18, written: 9 });
    expect(await compact(options)).toMatchObject({ merged: 0, written: 0 });
  });

  it("removes what a kill between its two steps has left twice", async () => {
    const store = await open();
    await append(store, 0, 40, 4);
    await mkdir(join(folder, "kept"));
    for (const name of await shards(store.root))
      await copyFile(join(store.root, name), join(folder, "kept", name));
    await compact({ root: store.root, format: store.format });
    // As if it had been killed before the first small shard was removed.
    for (const name of await readdir(join(folder, "kept")))
      await copyFile(join(folder, "kept", name), join(store.root, name));
    expect((await open()).size).toBe(40);
    const again = await compact({ root: store.root, format: store.format, smallRows: 50 });
    expect(again).toEqual({ merged: 10, written: 0, duplicates: 40 });
    expect(await readLogits(store.root, range(0, 40).map(idOf))).toEqual(rowsOf(range(0, 40)));
  });

  it("does not trust a damaged large shard: what small ones also have is kept", async () => {
    const store = await open();
    await append(store, 0, 100, 100);
    const [large] = await shards(store.root);
    for (const first of range(0, 10))
      await store.appendOnce(`n${first}`, [idOf(first)], rowsOf([first]), halves([first]));
    await truncate(join(store.root, large!), 2000);
    // Larger than one row's shard, but damaged, so no row of it counts.
    await compact({ root: store.root, format: store.format, smallRows: 50 });
    const { size } = await open();
    expect(size).toBe(10);
  });

  it("keeps apart what was computed on different processors", async () => {
    const store = await open();
    await append(store, 0, 20, 5);
    const format = { ...store.format };
    // Six of one other kind, and a single one of a third, which has nothing to be merged with and must stay.
    for (const text of range(20, 27)) {
      const packed = packShard(
        { ids: [idOf(text)], rows: rowsOf([text]), extras: halves([text]) },
        format,
      );
      const { name, bytes } = encodeShard(packed, format, {
        runtime: "r",
        processor: text < 26 ? "another" : "third",
      });
      await writeFile(join(store.root, name), bytes);
    }
    expect((await compact({ root: store.root, format })).written).toBe(3);
    const processors = [];
    for await (const { provenance, ids } of (await open()).shards())
      processors.push([provenance.processor, ids.length]);
    expect(processors.sort()).toEqual(
      [
        [provenanceHere().processor, 20],
        ["another", 6],
        ["third", 1],
      ].sort(),
    );
  });

  it("leaves it to another process that is at it, and takes over when that has died", async () => {
    const store = await open();
    await append(store, 0, 40, 4);
    const claims = join(store.root, "claims");
    await mkdir(claims);
    const self = await currentProcess();
    const claim = (changes: object) =>
      writeFile(
        join(claims, "compaction.json"),
        JSON.stringify({ ...self, token: "t", ...changes }),
      );
    await claim({});
    expect((await compact({ root: store.root, format: store.format })).merged).toBe(0);
    await claim({ started: "0" });
    expect((await compact({ root: store.root, format: store.format })).merged).toBe(10);
  });
});
