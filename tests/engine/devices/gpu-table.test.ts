import { describe, expect, it } from "vitest";
import { distinctRows } from "../../../src/engine/devices/gpu-feeds.ts";
import { rowSumFor } from "../../../src/engine/devices/gpu-table.ts";

const table = { name: "table", rows: 10, size: 2, initializer: { kind: "zeros" as const } };
const batchOf = (...tokens: number[]) => ({
  batch: 1,
  length: tokens.length,
  tokens: Int32Array.from(tokens),
  inputs: {},
});

describe("distinct rows", () => {
  it("come in the order of their first token, batches together, and each token finds its own", () => {
    const { rows, places } = distinctRows([batchOf(7, 3, 7), batchOf(0, 3)], table);
    expect([...rows]).toEqual([7, 3, 0]);
    expect(places.map((one) => [...one])).toEqual([
      [0, 1, 0],
      [2, 1],
    ]);
  });

  it("are those of the table", () => {
    expect(() => distinctRows([batchOf(9), batchOf(3, 10)], table)).toThrow(
      "Expected tokens from 0 to 9, got 10 at place 1.",
    );
    expect(() => distinctRows([batchOf(-1)], table)).toThrow("got -1 at place 0");
  });
});

describe("how gradients of equal tokens are summed", () => {
  // At most min(rows, tokens) rows are distinct, and the matrix may have 2^25 elements.
  for (const [rows, maxTokens, expected] of [
    [30_000, 5792, "product"],
    [30_000, 5793, "scatter"],
    [512, 65_536, "product"],
    [513, 65_536, "scatter"],
  ] as const) {
    it(`${rows} rows, ${maxTokens} tokens: ${expected}`, () => {
      expect(rowSumFor({ ...table, rows }, maxTokens)).toBe(expected);
    });
  }
});
