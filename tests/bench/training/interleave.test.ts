import { describe, expect, it } from "vitest";
import { largestDifference } from "../../../bench/training/check.ts";
import { fastest, summarize } from "../../../bench/training/interleave.ts";

describe("turns", () => {
  it("become medians of milliseconds per step", () => {
    // 10 steps in 0.2 s: 20 ms each; in 0.3 s: 30; 5 in 0.5 s: 100.
    const timings = [
      { seconds: 0.2, cpuSeconds: 0.4, steps: 10, losses: [] },
      { seconds: 0.5, cpuSeconds: 0.1, steps: 5, losses: [] },
      { seconds: 0.3, cpuSeconds: 0.5, steps: 10, losses: [] },
    ];
    const result = summarize(timings);
    expect(result.milliseconds).toBeCloseTo(30, 10);
    expect(result.cpuMilliseconds).toBeCloseTo(40, 10);
  });

  it("are compared among the names that are given", () => {
    const result = (milliseconds: number) => ({ milliseconds, cpuMilliseconds: 0 });
    const results = new Map([
      ["threads", result(20)],
      ["shards", result(15)],
      ["fused", result(10)],
    ]);
    expect(fastest(results, ["threads", "shards"])).toBe("shards");
  });
});

describe("the difference of two lists of losses", () => {
  it("is the largest one, relative to the peer's", () => {
    // |2.2 - 2| / 2 = 0.1, and |0.5 - 0.4| / 0.4 = 0.25.
    expect(largestDifference([2.2, 0.5], [2, 0.4])).toBeCloseTo(0.25, 10);
  });

  it("is infinite where one has fewer steps", () => {
    expect(largestDifference([1], [1, 1])).toBe(Infinity);
  });
});
