import { describe, expect, it } from "vitest";
import {
  median,
  misses,
  tableLines,
  toRows,
  type Finding,
} from "../../../bench/training/statistics.ts";

const finding: Finding = { work: "a step", ours: 12, peer: 16, unit: "ms", limit: 0.8 };

describe("median", () => {
  it.each([
    [[3], 3],
    [[10, 9, 2], 9], // sorted as numbers: as strings, 10 would come first and 2 stand in the middle
    [[4, 1, 3, 2], 2.5],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("leaves the values in their order, and knows none of nothing", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
    expect(median([])).toBeNaN();
  });
});

describe("rows", () => {
  it("hold ours ÷ peer, and only what has a limit", () => {
    const rows = toRows([finding, { ...finding, limit: null }]);
    expect(rows).toEqual([{ work: "a step", ratio: 0.75, limit: 0.8, ours: 12, peer: 16 }]);
  });

  it("miss above their limit, not at it, and where the ratio is no number", () => {
    expect(misses({ ...finding, limit: 0.75 })).toBe(false);
    expect(misses({ ...finding, limit: 0.74 })).toBe(true);
    expect(misses({ ...finding, ours: NaN })).toBe(true);
    expect(misses({ ...finding, ours: 100, limit: null })).toBe(false);
  });
});

describe("the table", () => {
  it("says figure, ratio, verdict and processor time", () => {
    const [, line] = tableLines([{ ...finding, cpu: { ours: 20, peer: 31 }, note: "shards" }]);
    expect(line).toMatch(/^a step +12\.0 ms +16\.0 ms +0\.75 +≤ 0\.8 ok +20 \/ 31 ms +shards$/);
  });

  it("names what is missed and nothing where there is no limit", () => {
    const lines = tableLines([
      { ...finding, unit: "s", limit: 0.5 },
      { ...finding, limit: null },
    ]);
    expect(lines[1]).toMatch(/12\.00 s +16\.00 s +0\.75 +≤ 0\.5 MISSED$/);
    expect(lines[2]).toMatch(/0\.75$/);
  });
});
