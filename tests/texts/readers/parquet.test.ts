import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { failureOf, makeWorkspace, openFile, readRows, readTriples } from "../workspace.ts";

const { write } = makeWorkspace();
type Options = Parameters<typeof parquetWriteBuffer>[0];
const parquet = (options: Options): Uint8Array => new Uint8Array(parquetWriteBuffer(options));
const texts = { name: "text", data: ["a", "b", "c", "d", "e"], type: "STRING" as const };

describe("Parquet", () => {
  it("reads row group by row group, whatever the compression", async () => {
    const label = { name: "label", data: ["x", "y", null, "x", "y"], type: "STRING" as const };
    const expected = [
      ["a", "x", 1],
      ["b", "y", 2],
      ["c", null, 3],
      ["d", "x", 4],
      ["e", "y", 5],
    ];
    const snappy = parquet({ columnData: [texts, label], rowGroupSize: 2 });
    expect(await readTriples(write("snappy.parquet", snappy))).toEqual(expected);
    expect(await readTriples(write("packed.parquet.gz", gzipSync(snappy)))).toEqual(expected);
    const compressors = { GZIP: (input: Uint8Array) => new Uint8Array(gzipSync(input)) };
    const gzip = parquet({ columnData: [texts, label], codec: "GZIP", compressors });
    expect(await readTriples(write("gzip.parquet", gzip))).toEqual(expected);
  });

  it("takes numbers and truth values as labels", async () => {
    const int64 = { name: "label", data: [0n, 1n, 0n, 1n, 2n], type: "INT64" as const };
    const rows = await readRows(write("numbers.parquet", parquet({ columnData: [texts, int64] })));
    expect(rows.map(({ label }) => label)).toEqual(["0", "1", "0", "1", "2"]);
  });

  it("names the classes that Hugging Face's datasets keep in the metadata", async () => {
    const label = { name: "label", data: [1, 0, 1, 1, -1], type: "INT32" as const };
    const features = {
      text: { dtype: "string" },
      label: { names: ["negative", "positive"], _type: "ClassLabel" },
    };
    const kvMetadata = [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }];
    const rows = await readRows(
      write("hub.parquet", parquet({ columnData: [texts, label], kvMetadata })),
    );
    // -1 is their sign for a label that is held back.
    expect(rows.map((row) => row.label)).toEqual([
      "positive",
      "negative",
      "positive",
      "positive",
      null,
    ]);
  });

  it("reads only the columns that it needs, and names those it has", async () => {
    const other = { name: "body", data: ["1", "2", "3", "4", "5"], type: "STRING" as const };
    const path = write("columns.parquet", parquet({ columnData: [other, texts] }));
    expect((await openFile(path)).columns).toEqual({ text: "text", label: null, guessed: true });
    expect((await readRows(path, { text: "body" })).map(({ text }) => text)).toEqual([
      "1",
      "2",
      "3",
      "4",
      "5",
    ]);
    expect((await failureOf(openFile(path, { label: "labels" }))).message).toMatch(
      /^columns\.parquet:1: Expected a column "labels" \(data\.columns\.label\), got the columns "body", "text"\./,
    );
  });

  it("refuses half a file, another file, and a row without a text", async () => {
    const whole = parquet({ columnData: [texts] });
    expect(
      (await failureOf(openFile(write("half.parquet", whole.subarray(0, whole.length / 2)))))
        .message,
    ).toMatch(/^Expected a Parquet file in half\.parquet, got: .*cut short/);
    expect((await failureOf(openFile(write("text.parquet", "text,label\n")))).message).toMatch(
      /^Expected a Parquet file in text\.parquet/,
    );
    const holes = parquet({ columnData: [{ name: "text", data: ["a", null], type: "STRING" }] });
    expect((await failureOf(readRows(write("holes.parquet", holes)))).message).toMatch(
      /^holes\.parquet:2: Expected a text in "text", got nothing\./,
    );
  });
});
