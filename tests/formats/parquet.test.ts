import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readParquet, writeParquet, type ParquetColumn } from "../../src/formats/parquet.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-parquet-"));
  path = join(folder, "table.parquet");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const columns: ParquetColumn[] = [
  { name: "text", type: "STRING", values: ["naïve 🙂", null, "", "line\nbreak"] },
  { name: "count", type: "INT32", values: [1, -2, 2147483647, 0] },
  { name: "score", type: "DOUBLE", values: [0.1, -1e300, 3, 0] },
  {
    name: "bytes",
    type: "FIXED",
    width: 3,
    bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255),
  },
];

describe("writeParquet and readParquet", () => {
  it("keep every type, nulls, empty strings and metadata", async () => {
    await writeParquet(path, columns, { version: "1", note: "ä" });
    const table = await readParquet(path);
    expect(table.rows).toBe(4);
    expect(table.metadata).toEqual({ version: "1", note: "ä" });
    expect(Object.values(table.columns)).toEqual(columns);
  });

  it("read the columns that are asked for", async () => {
    await writeParquet(path, columns);
    expect(Object.keys((await readParquet(path, ["score"])).columns)).toEqual(["score"]);
  });

  it("keep an empty table and one of several row groups", async () => {
    await writeParquet(path, [{ name: "text", type: "STRING", values: [] }]);
    expect(await readParquet(path)).toMatchObject({ rows: 0, columns: { text: { values: [] } } });
    const count = 250_000;
    const bytes = new Uint8Array(
      new Uint32Array(Array.from({ length: count }, (_, row) => row)).buffer,
    );
    await writeParquet(path, [{ name: "row", type: "FIXED", width: 4, bytes }]);
    const { row } = (await readParquet(path)).columns;
    expect(row?.type === "FIXED" && Buffer.compare(row.bytes, bytes)).toBe(0);
  });

  it("leave no temporary file", async () => {
    await writeParquet(path, columns);
    await writeParquet(path, columns);
    expect(await readdir(folder)).toEqual(["table.parquet"]);
  });

  it("refuse columns of different length", async () => {
    const uneven: ParquetColumn[] = [...columns, { name: "more", type: "INT32", values: [1] }];
    await expect(writeParquet(path, uneven)).rejects.toThrow(
      'Expected 4 rows in column "more", got 1.',
    );
  });

  it("name a file that is missing, cut short at any place, or lacks a column", async () => {
    await expect(readParquet(path)).rejects.toMatchObject({
      code: "E_DATA",
      message: expect.stringContaining(path) as string,
    });
    await writeParquet(path, columns);
    const whole = await readFile(path);
    for (const length of [0, 3, 50, Math.floor(whole.length / 2), whole.length - 1]) {
      await writeFile(path, whole.subarray(0, length));
      await expect(readParquet(path)).rejects.toMatchObject({
        code: "E_DATA",
        message: expect.stringContaining(path) as string,
      });
    }
    await writeFile(path, whole);
    await expect(readParquet(path, ["other"])).rejects.toMatchObject({
      code: "E_DATA",
      message: expect.stringContaining('no column "other"') as string,
    });
  });
});
