import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeParquet, readParquet } from "../../src/formats/parquet.ts";
import { openLabelStore, type LabelStore } from "../../src/labels/label-store.ts";
import { listStores, openStoreAt } from "../../src/labels/open-store.ts";
import { provenanceHere } from "../../src/labels/provenance.ts";
import { readLabels, readLogits } from "../../src/labels/read-logits.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { writeFileAtomic } from "../../src/platform/files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-stores-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const idOf = (text: number) => createHash("sha256").update(String(text)).digest("hex").slice(0, 32);
const description = { kind: "test", labels: ["a", "b"] };
const digest = digestOf(description);
const open = (extras: string[] = []) =>
  openLabelStore({ folder, description, digest, width: 2, extras });

/** Texts `from` to `to` - 1 with the row [text, -text] and the extra text / 2. */
async function append(store: LabelStore, from: number, to: number): Promise<void> {
  const texts = Array.from({ length: to - from }, (_, index) => from + index);
  await store.append(
    texts.map(idOf),
    Float32Array.from(texts.flatMap((text) => [text, -text])),
    store.format.extras.length === 0
      ? undefined
      : Float32Array.from(texts.flatMap((text) => store.format.extras.map(() => text / 2))),
  );
}

describe("extras", () => {
  it("are kept beside the rows and read by name; shards without them give NaN", async () => {
    await append(await open(), 0, 3);
    await append(await open(["outside"]), 3, 6);
    const store = await open(["other", "outside"]);
    expect([...(await store.readExtras([4, 1].map(idOf)))]).toEqual([NaN, 2, NaN, NaN]);
    expect([...(await store.read([4, 1].map(idOf)))]).toEqual([4, -4, 1, -1]);
    const at = (await openStoreAt(join(folder, digest))).store;
    expect(at.format.extras).toEqual(["outside"]);
    expect([...(await at.readExtras([3, 0].map(idOf)))]).toEqual([1.5, NaN]);
  });

  it("count in the checksum", async () => {
    const store = await open(["outside"]);
    await append(store, 0, 3);
    const [name] = (await readdir(store.root)).filter((file) => file.startsWith("part-"));
    const { columns, metadata } = await readParquet(join(store.root, name!));
    const changed = Object.values(columns).map((column) => {
      if (column.type === "FIXED" && column.name === "extras") column.bytes[0] = 7;
      return column;
    });
    await writeFileAtomic(join(store.root, name!), encodeParquet(changed, metadata));
    expect((await openStoreAt(store.root)).damaged.map((one) => one.name)).toEqual([name]);
  });
});

describe("appendOnce", () => {
  const rows = (first: number) => Float32Array.of(first, -first);

  it("commits a name once, whoever comes first, and says so", async () => {
    const [one, two] = [await open(), await open()];
    const outcomes = await Promise.all([
      one.appendOnce("job-00-0f", [idOf(1)], rows(1)),
      two.appendOnce("job-00-0f", [idOf(1)], rows(1)),
    ]);
    expect(outcomes.sort()).toEqual([false, true]);
    expect(await two.appendOnce("job-00-0f", [idOf(2)], rows(2))).toBe(false);
    const store = await open();
    expect(store.missing([idOf(1), idOf(2)])).toEqual([idOf(2)]);
    expect(await readdir(store.root)).toEqual(["part-job-00-0f.parquet", "teacher.json"]);
  });

  it("refuses a name that would leave the folder", async () => {
    const store = await open();
    await expect(store.appendOnce("../x", [idOf(1)], rows(1))).rejects.toThrow(RangeError);
  });
});

describe("readLabels", () => {
  it("says at which positions there is no row, repeated ids included", async () => {
    const store = await open();
    await append(store, 0, 3);
    await append(store, 3, 6);
    const asked = [5, 9, 0, 5, 9].map(idOf);
    const { logits, missing } = await readLabels(store.root, asked);
    expect([...missing]).toEqual([1, 4]);
    expect([...logits].map((value) => value + 0)).toEqual([5, -5, 0, 0, 0, 0, 5, -5, 0, 0]);
    await expect(readLogits(store.root, asked)).rejects.toThrow(/none for 1 of them/);
  });
});

describe("stores without their teacher", () => {
  it("are listed, opened and gone through, with where each shard was computed", async () => {
    const store = await open(["outside"]);
    await append(store, 0, 3);
    await store.appendOnce("again", [idOf(2), idOf(3)], Float32Array.of(2, -2, 3, -3));
    await mkdir(join(folder, "notes"));
    expect(await listStores(folder)).toEqual([{ root: store.root, digest }]);
    expect(await listStores(join(folder, "nowhere"))).toEqual([]);

    const opened = await openStoreAt(store.root);
    expect(opened.description).toEqual(description);
    const seen = [];
    for await (const shard of opened.store.shards()) {
      expect(shard.provenance).toEqual(provenanceHere());
      expect(shard.rows.length).toBe(2 * shard.ids.length);
      seen.push(...shard.ids.map((id, row) => [id, shard.rows[2 * row]]));
    }
    expect(seen).toHaveLength(5);
    const distinct = [];
    for await (const { ids } of opened.store.shards({ distinct: true })) distinct.push(...ids);
    expect(distinct.sort()).toEqual([0, 1, 2, 3].map(idOf).sort());
  });

  it("name what is damaged and leave it where it is", async () => {
    const store = await open();
    await append(store, 0, 3);
    const [name] = (await readdir(store.root)).filter((file) => file.startsWith("part-"));
    await truncate(join(store.root, name!), 100);
    const { damaged } = await openStoreAt(store.root);
    expect(damaged).toEqual([
      { name, reason: expect.objectContaining({ code: "E_DATA" }) as Error },
    ]);
    expect(await readdir(store.root)).toContain(name);
  });

  it("may hold an encoder's vectors", async () => {
    const encoder = { kind: "encoder", size: 3 };
    const store = await openLabelStore({
      folder,
      description: encoder,
      digest: digestOf(encoder),
      width: 3,
      dtype: "float16",
    });
    await store.append([idOf(1)], Float32Array.of(1, 0.5, -2));
    const opened = await openStoreAt(store.root);
    expect(opened.store.format).toMatchObject({ width: 3, dtype: "float16" });
    expect([...(await opened.store.read([idOf(1)]))]).toEqual([1, 0.5, -2]);
  });
});
