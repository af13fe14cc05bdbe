import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLabelStore, type LabelStoreOptions } from "../../src/labels/label-store.ts";
import { readLogits } from "../../src/labels/read-logits.ts";
import { Random } from "../../src/math/random.ts";
import { digestOf } from "../../src/platform/digest.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-labels-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const WIDTH = 3;
const description = { kind: "test", format: 1, labels: ["a", "b", "c"], head: "h" };

function options(changes: Partial<LabelStoreOptions> = {}): LabelStoreOptions {
  return { folder, description, digest: digestOf(description), width: WIDTH, ...changes };
}

const idOf = (text: number) => createHash("sha256").update(String(text)).digest("hex").slice(0, 32);
/** A row that only its own text has: [text, -text, text / 7]. */
const rowOf = (text: number) => [text, -text, Math.fround(text / 7)];
const rowsOf = (texts: readonly number[]) => Float32Array.from(texts.flatMap(rowOf));
const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

async function fill(from: number, to: number, step = 10): Promise<void> {
  const store = await openLabelStore(options());
  for (let first = from; first < to; first += step) {
    const texts = range(first, Math.min(to, first + step));
    await store.append(texts.map(idOf), rowsOf(texts));
  }
}
const shards = async () =>
  (await readdir(join(folder, digestOf(description)))).filter((name) => name.startsWith("part-"));

describe("label store", () => {
  it("joins rows by id: any order reads back right, and a shift by one does not", async () => {
    await fill(0, 95);
    const order = new Random("order", 1).shuffle(range(0, 95));
    const store = await openLabelStore(options());
    const read = await store.read(order.map(idOf));
    expect(read).toEqual(rowsOf(order));
    // The mistake that this store exists to prevent: rows by position of a shuffled list, or one off.
    expect(read).not.toEqual(rowsOf(range(0, 95)));
    expect(read).not.toEqual(rowsOf([...order.slice(1), order[0]!]));
  });

  it("goes on where an earlier process stopped", async () => {
    await fill(0, 40);
    const store = await openLabelStore(options());
    expect(store.size).toBe(40);
    expect(store.missing(range(30, 50).map(idOf))).toEqual(range(40, 50).map(idOf));
    await store.append(range(35, 50).map(idOf), rowsOf(range(35, 50)));
    expect(await store.read(range(0, 50).map(idOf))).toEqual(rowsOf(range(0, 50)));
    expect(await shards()).toHaveLength(5);
  });

  it("keeps teacher.json whose SHA-256 is the folder's name, and the files beside it", async () => {
    const files = { "head.bin": Uint8Array.of(1, 2, 3) };
    const store = await openLabelStore(options({ files }));
    const text = await readFile(join(store.root, "teacher.json"));
    expect(createHash("sha256").update(text).digest("hex")).toBe(digestOf(description));
    expect([...(await readFile(join(store.root, "head.bin")))]).toEqual([1, 2, 3]);
  });

  it("moves a shard that was cut short aside, says so, and has its texts done again", async () => {
    await fill(0, 30);
    const before = await shards();
    const path = join(folder, digestOf(description), before[1]!);
    await truncate(path, 200);
    const store = await openLabelStore(options());
    expect(store.notes).toEqual([expect.stringContaining(`${before[1]!} was damaged`)]);
    const missing = store.missing(range(0, 30).map(idOf));
    expect(missing).toHaveLength(10);
    const texts = range(0, 30).filter((text) => missing.includes(idOf(text)));
    await store.append(texts.map(idOf), rowsOf(texts));
    expect(await store.read(range(0, 30).map(idOf))).toEqual(rowsOf(range(0, 30)));
    expect(await readdir(join(store.root, "damaged"))).toEqual([before[1]]);
    expect((await openLabelStore(options())).notes).toEqual([]);
  });

  it("notices a single changed byte of a row", async () => {
    await fill(0, 10);
    const path = join(folder, digestOf(description), (await shards())[0]!);
    const bytes = await readFile(path);
    // The rows of text 9 hold the float32 9 = 00 00 10 41.
    const at = bytes.indexOf(Buffer.from([0x00, 0x00, 0x10, 0x41]));
    expect(at).toBeGreaterThan(0);
    bytes[at + 2] = 0x20;
    await writeFile(path, bytes);
    const store = await openLabelStore(options());
    expect([store.size, store.notes.length]).toEqual([0, 1]);
  });

  it("refuses a folder whose teacher.json is another teacher's, naming the difference", async () => {
    const store = await openLabelStore(options());
    await writeFile(
      join(store.root, "teacher.json"),
      JSON.stringify({ ...description, head: "other" }),
    );
    await expect(openLabelStore(options())).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringContaining('head is "other" instead of "h"') as string,
    });
    await writeFile(join(store.root, "teacher.json"), "{");
    await expect(openLabelStore(options())).rejects.toMatchObject({ code: "E_STORE" });
  });

  it("refuses another store's shard instead of taking it for damaged", async () => {
    await fill(0, 10);
    const [name] = await shards();
    const foreign = { ...description, head: "other" };
    const other = await openLabelStore(
      options({ description: foreign, digest: digestOf(foreign) }),
    );
    await writeFile(
      join(other.root, name!),
      await readFile(join(folder, digestOf(description), name!)),
    );
    const again = openLabelStore(options({ description: foreign, digest: digestOf(foreign) }));
    await expect(again).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringContaining("another store") as string,
    });
  });

  it("lets two processes append the same and other texts at once", async () => {
    const [one, two] = [await openLabelStore(options()), await openLabelStore(options())];
    await Promise.all([
      one.append(range(0, 10).map(idOf), rowsOf(range(0, 10))),
      two.append(range(5, 15).map(idOf), rowsOf(range(5, 15))),
      two.append(range(20, 25).map(idOf), rowsOf(range(20, 25))),
      one.append(range(20, 25).map(idOf), rowsOf(range(20, 25))),
    ]);
    const texts = [...range(0, 15), ...range(20, 25)];
    const store = await openLabelStore(options());
    expect(store.size).toBe(20);
    expect(await store.read(texts.map(idOf))).toEqual(rowsOf(texts));
    // The same rows make the same file.
    expect(await shards()).toHaveLength(3);
  });

  it("says how many texts have no row, and one of them", async () => {
    await fill(0, 10);
    const store = await openLabelStore(options());
    await expect(store.read(range(5, 12).map(idOf))).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringMatching(
        new RegExp(`for 7 texts .* none for 2 of them, such as ${idOf(10)}`),
      ) as string,
    });
  });

  it("keeps float16 rows to float16's accuracy in half the bytes", async () => {
    const store = await openLabelStore(options({ dtype: "float16" }));
    await store.append([idOf(1)], Float32Array.of(1, 0.5, 0.1));
    // 0.1 to 11 bits: 1638 · 2⁻¹⁴.
    expect([...(await store.read([idOf(1)]))]).toEqual([1, 0.5, 1638 * 2 ** -14]);
  });

  it("removes temporary files that nobody writes any more, not those of a running process", async () => {
    const { root } = await openLabelStore(options());
    const [old, young] = [join(root, ".part-a.tmp"), join(root, ".part-b.tmp")];
    await writeFile(old, "");
    await writeFile(young, "");
    const twoHoursAgo = Date.now() / 1000 - 7200;
    await utimes(old, twoHoursAgo, twoHoursAgo);
    await openLabelStore(options());
    expect((await readdir(root)).filter((name) => name.endsWith(".tmp"))).toEqual([".part-b.tmp"]);
  });
});

describe("readLogits", () => {
  const root = () => join(folder, digestOf(description));

  it("reads by id with nothing but the store's folder", async () => {
    await fill(0, 30);
    expect(await readLogits(root(), [29, 3, 11].map(idOf))).toEqual(rowsOf([29, 3, 11]));
  });

  it("names a damaged shard without touching it", async () => {
    await fill(0, 10);
    const [name] = await shards();
    await truncate(join(root(), name!), 100);
    await expect(readLogits(root(), [idOf(1)])).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringContaining(`${name!} is damaged`) as string,
    });
    expect(await shards()).toEqual([name]);
  });

  it("refuses a folder without a store, and one whose teacher.json was changed", async () => {
    await expect(readLogits(join(folder, "none"), [])).rejects.toMatchObject({ code: "E_STORE" });
    await fill(0, 10);
    await writeFile(
      join(root(), "teacher.json"),
      JSON.stringify({ ...description, labels: ["b", "a", "c"] }),
    );
    await expect(readLogits(root(), [idOf(1)])).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringContaining("It was changed") as string,
    });
  });
});
