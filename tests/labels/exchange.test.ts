import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatFloat32 } from "../../src/labels/exchange/csv-file.ts";
import { exportLabels } from "../../src/labels/exchange/export-labels.ts";
import { importLabels } from "../../src/labels/exchange/import-labels.ts";
import { Journal } from "../../src/labels/journal.ts";
import { openStoreAt } from "../../src/labels/open-store.ts";
import { canonicalJson, sha256 } from "../../src/platform/digest.ts";
import { writeStore } from "./stored.ts";

let folder = "";
let labels = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-exchange-"));
  labels = join(folder, "labels");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

// 0.1 and 1/3 are not exact in float32, -0 and the denormal are what decimals lose first.
const rows = {
  "first, with a comma": [0.1, -0, 1 / 3],
  'second "quoted"\nline': [1.401298464324817e-45, 3.4028234663852886e38, -2],
  third: [1, 2, 3],
};

/** Logits and extras by id, with their bits. */
async function contentOf(root: string): Promise<Record<string, string>> {
  const { store } = await openStoreAt(root);
  const content: Record<string, string> = {};
  for await (const { ids, rows, extras } of store.shards()) {
    for (const [row, id] of ids.entries()) {
      const logits = rows.slice(row * 3, row * 3 + 3);
      const beside = extras.slice(row * store.format.extras.length).subarray(0, 1);
      content[id] = Buffer.from(logits.buffer).toString("hex") + `/${beside.join(",")}`;
    }
  }
  return content;
}

describe.each(["parquet", "csv"])("a store as one .%s file", (extension) => {
  it("comes back the same to the bit, extras too", async () => {
    const { root, digest, ids } = await writeStore(labels, rows, { extras: { elsewhere: 0.25 } });
    const before = await contentOf(root);
    expect(Object.keys(before).sort()).toEqual([...ids].sort());
    const path = join(folder, `out.${extension}`);
    const texts = new Map([
      [ids[0]!, "first, with a comma"],
      [ids[1]!, 'second "quoted"\nline'],
    ]);
    const exported = await exportLabels(root, path, texts);
    expect(exported).toMatchObject({ texts: 3, withoutText: 1, format: extension });
    await rm(root, { recursive: true });
    const imported = await importLabels(path, labels);
    expect(imported).toEqual({ digest, root, texts: 3, imported: 3 });
    expect(await contentOf(root)).toEqual(before);
    expect(await readFile(join(root, "teacher.json"), "utf8")).toBe(
      canonicalJson({ kind: "test", name: "one", labels: ["a", "b", "c"] }),
    );
    // Again: nothing is twice.
    expect(await importLabels(path, labels)).toMatchObject({ texts: 3, imported: 0 });
  });

  it("counts the answers that still lie in a journal, those without a row", async () => {
    const { root, ids } = await writeStore(labels, rows);
    const journal = await Journal.open(root, null);
    // One has a row already, one was answered twice, one was set aside.
    const entries = [
      { id: ids[0]!, logits: [1, 2, 3] },
      { id: "e".repeat(32), logits: [1, 2, 3] },
      { id: "e".repeat(32), logits: [1, 2, 3] },
      { id: "f".repeat(32), reason: "no class" },
    ];
    for (const entry of entries) await journal.record(entry);
    await journal.close();
    const path = join(folder, `out.${extension}`);
    expect(await exportLabels(root, path, null)).toMatchObject({ texts: 3, journalled: 1 });
  });

  it("keeps what a store has already, and adds the rest", async () => {
    const { root, digest } = await writeStore(labels, rows);
    const path = join(folder, `out.${extension}`);
    await exportLabels(root, path, null);
    await rm(root, { recursive: true });
    const { third } = rows;
    await writeStore(labels, { third });
    expect(await importLabels(path, labels)).toMatchObject({ digest, texts: 3, imported: 2 });
    expect((await openStoreAt(root)).store.size).toBe(3);
  });

  it("refuses a teacher.json that was changed, and leaves no store", async () => {
    const { root } = await writeStore(labels, rows);
    const path = join(folder, `out.${extension}`);
    await exportLabels(root, path, null);
    await rm(root, { recursive: true });
    const file = extension === "csv" ? `${path}.teacher.json` : path;
    const bytes = await readFile(file);
    // One letter of the teacher's name, in place: lengths in the Parquet footer stay right.
    const at = bytes.indexOf('"one"');
    bytes.write("two", at + 1);
    await writeFile(file, bytes);
    const changed = sha256(canonicalJson({ kind: "test", name: "two", labels: ["a", "b", "c"] }));
    await expect(importLabels(path, labels)).rejects.toMatchObject({
      code: "E_DATA",
      message: expect.stringContaining(`got ${changed}. Nothing was imported`) as string,
    });
    expect(await readdir(labels)).toEqual([]);
  });
});

describe("the Parquet file", () => {
  it("is what other readers expect: hexadecimal ids, LIST<FLOAT>, texts, teacher.json", async () => {
    const { root, ids, digest } = await writeStore(labels, { third: [1, 2, 3.5] });
    const path = join(folder, "out.parquet");
    await exportLabels(root, path, new Map([[ids[0]!, "third"]]));
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    expect(await parquetReadObjects({ file, metadata })).toEqual([
      { id: ids[0], text: "third", logits: [1, 2, 3.5] },
    ]);
    const types = metadata.schema.map(({ name, type, converted_type: converted }) =>
      [name, type ?? "group", converted].filter(Boolean).join(" "),
    );
    expect(types).toEqual([
      "root group",
      "id BYTE_ARRAY UTF8",
      "text BYTE_ARRAY UTF8",
      "logits group LIST",
      "list group",
      "element FLOAT",
    ]);
    const pairs = new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value]));
    expect(sha256(pairs.get("teacher.json")!)).toBe(digest);
  });

  it("takes small files along, such as a head", async () => {
    const head = Uint8Array.of(1, 2, 250);
    const { root } = await writeStore(labels, rows, { files: { "head.safetensors": head } });
    const path = join(folder, "out.parquet");
    await exportLabels(root, path, null);
    await rm(root, { recursive: true });
    await importLabels(path, labels);
    expect(new Uint8Array(await readFile(join(root, "head.safetensors")))).toEqual(head);
  });

  it("that is cut short is refused", async () => {
    const { root } = await writeStore(labels, rows);
    const path = join(folder, "out.parquet");
    await exportLabels(root, path, null);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 20));
    await expect(importLabels(path, join(folder, "none"))).rejects.toMatchObject({
      code: "E_DATA",
      message: expect.stringContaining("Expected a complete Parquet file in") as string,
    });
    await expect(readdir(join(folder, "none"))).rejects.toThrow("ENOENT");
  });
});

describe("a CSV file that somebody has edited", () => {
  const good = "0123456789abcdef0123456789abcdef,1,2,3";
  it.each([
    ["a text twice", [good, good], ":3: Expected every text once, got 0123456789abcdef"],
    ["NaN", [good.replace(",2,", ",NaN,")], ':2: Expected a finite number for b, got "NaN"'],
    ["an empty field", [good.replace(",2,", ",,")], ':2: Expected a finite number for b, got ""'],
    ["infinity", [good.replace(",2,", ",1e39,")], ":2: Expected a finite number for b, got 1e+39"],
    ["a column less", [good.slice(0, -2)], ":2: Expected 3 logits, one for each class, got 2"],
    ["a column more", [`${good},4`], ":2: Expected 3 logits, one for each class, got 4"],
    ["no id", ["x,1,2,3"], ':2: Expected an id of 32 lower-case hexadecimal digits, got "x"'],
  ])("with %s is refused with its line, and changes nothing", async (_, lines, message) => {
    const { root } = await writeStore(labels, rows);
    const path = join(folder, "out.csv");
    await exportLabels(root, path, null);
    await writeFile(path, `id,a,b,c\n${lines.join("\n")}\n`);
    const before = await readdir(root);
    await expect(importLabels(path, labels)).rejects.toMatchObject({
      code: "E_DATA",
      message: expect.stringContaining(path + message) as string,
    });
    expect(await readdir(root)).toEqual(before);
  });

  it("whose columns were moved is refused", async () => {
    const { root } = await writeStore(labels, rows);
    const path = join(folder, "out.csv");
    await exportLabels(root, path, null);
    await writeFile(path, `id,b,a,c\n${good}\n`);
    await expect(importLabels(path, labels)).rejects.toMatchObject({
      code: "E_DATA",
      message: expect.stringContaining("columns, with a in column 2") as string,
    });
  });

  it("needs its teacher.json beside it", async () => {
    const path = join(folder, "alone.csv");
    await writeFile(path, "id,a\n");
    await expect(importLabels(path, labels)).rejects.toMatchObject({
      code: "E_DATA",
      message: expect.stringContaining(`Expected ${path}.teacher.json`) as string,
    });
  });
});

describe("exportLabels", () => {
  it("refuses to leave a damaged shard out in silence", async () => {
    const { root } = await writeStore(labels, rows);
    const [name] = (await readdir(root)).filter((file) => file.startsWith("part-"));
    const bytes = await readFile(join(root, name!));
    bytes[bytes.indexOf(Buffer.from(Float32Array.of(2).buffer))]! ^= 1;
    await writeFile(join(root, name!), bytes);
    const path = join(folder, "out.parquet");
    await expect(exportLabels(root, path, null)).rejects.toMatchObject({ code: "E_STORE" });
    expect(await readdir(folder)).toEqual(["labels"]);
  });

  it("never claims that imported rows were computed here where the shards did not agree", async () => {
    const { root } = await writeStore(labels, { third: [1, 2, 3] });
    const other = join(folder, "other");
    await writeStore(other, { fourth: [4, 5, 6] });
    // A shard that does not say where it was computed: as one without the keys reads.
    const [name] = (await readdir(root)).filter((file) => file.startsWith("part-"));
    const [far] = (await readdir(join(other, root.split("/").at(-1)!))).filter((file) =>
      file.startsWith("part-"),
    );
    const bytes = await readFile(join(other, root.split("/").at(-1)!, far!));
    bytes.write("x", bytes.indexOf("onnxruntime-node ") + 1);
    await writeFile(join(root, far!), bytes);
    expect(name).not.toBe(far);
    const path = join(folder, "out.parquet");
    await exportLabels(root, path, null);
    await rm(root, { recursive: true });
    await importLabels(path, labels);
    const { store } = await openStoreAt(root);
    for await (const { provenance } of store.shards())
      expect(provenance).toEqual({ runtime: null, processor: null });
  });
});

describe("formatFloat32", () => {
  it("gives back the same bits", () => {
    const bits = new Uint32Array(20_000).map((_, index) => Math.imul(index + 1, 0x9e3779b1));
    const values = new Float32Array(bits.buffer).filter((value) => Number.isFinite(value));
    const back = Float32Array.from(values, (value) => Number(formatFloat32(value)));
    expect(Buffer.from(back.buffer).equals(Buffer.from(values.buffer))).toBe(true);
  });
});
