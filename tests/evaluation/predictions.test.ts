import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writePredictions } from "../../src/evaluation/predictions.ts";
import { reorderColumns } from "../../src/labels/reorder-columns.ts";
import { readParquet } from "../../src/formats/parquet.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-predictions-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("predictions.parquet", () => {
  it("holds one row per text, system and seed", async () => {
    const path = join(folder, "predictions.parquet");
    const ids = ["000102030405060708090a0b0c0d0e0f", "ffeeddccbbaa99887766554433221100"];
    await writePredictions(
      path,
      ids,
      ["no", "yes"],
      [
        { system: "teacher", seed: 0, logits: Float32Array.of(1, 2, 3, 4) },
        { system: "bilstm", seed: 7, logits: Float32Array.of(-1, 0.5, 0, 9) },
      ],
    );
    const { rows, columns, metadata } = await readParquet(path);
    expect(rows).toBe(4);
    expect(JSON.parse(metadata["labels"]!)).toEqual(["no", "yes"]);
    const { id, system, seed, logits } = columns;
    expect(system).toMatchObject({ values: ["teacher", "teacher", "bilstm", "bilstm"] });
    expect(seed?.type === "INT32" && [...seed.values]).toEqual([0, 0, 7, 7]);
    if (id?.type !== "FIXED" || logits?.type !== "FIXED") throw new TypeError("Expected bytes.");
    expect(Buffer.from(id.bytes).toString("hex")).toBe([...ids, ...ids].join(""));
    const view = new DataView(logits.bytes.buffer, logits.bytes.byteOffset);
    const values = Array.from({ length: 8 }, (_, index) => view.getFloat32(4 * index, true));
    expect(values).toEqual([1, 2, 3, 4, -1, 0.5, 0, 9]);
  });
});

describe("predictions of no text", () => {
  it("are an empty table", async () => {
    const path = join(folder, "empty.parquet");
    await writePredictions(path, [], ["no", "yes"], []);
    expect((await readParquet(path)).rows).toBe(0);
  });
});

describe("a teacher with its classes in another order", () => {
  it("has its logits put into the order of the data", () => {
    const logits = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect([...reorderColumns(logits, ["b", "c", "a"], ["a", "b", "c"])]).toEqual([
      3, 1, 2, 6, 4, 5,
    ]);
    expect(() => reorderColumns(logits, ["b", "c", "a"], ["a", "b", "d"])).toThrow('class "d"');
  });
});
