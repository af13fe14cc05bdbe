import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";

// Written by tests/fixtures/generators/engine_random.py, another implementation of the same definition.
const streams = JSON.parse(
  readFileSync(new URL("../fixtures/engine/random.json", import.meta.url), "utf8"),
) as { seed: string[]; bits: number[] }[];

const COUNT = 40_000;
const draw = (next: () => number): number[] => Array.from({ length: COUNT }, next);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

describe("Random", () => {
  // Runs are repeated by their seeds: a changed stream changes every result there is.
  it.each(streams)("gives the written-down numbers for seed $seed", ({ seed, bits }) => {
    const random = new Random(...seed);
    expect(bits.map(() => random.bits())).toEqual(bits);
  });

  it("takes numbers and strings alike, and keeps the parts of a seed apart", () => {
    expect(new Random(0, "dropout", 3).bits()).toBe(new Random("0", "dropout", "3").bits());
    expect(new Random(1, 0).bits()).not.toBe(new Random(10).bits());
  });

  // χ² over 64 cells of 40,000 draws: 63 ± 11.2; 63 + 5 · 11.2 = 119 is passed by chance once in 10⁵ seeds.
  it.each([0, 1, "x"])("is uniform for seed %s", (seed) => {
    const random = new Random(seed);
    const cells = new Array<number>(64).fill(0);
    const values = draw(() => random.uniform());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    for (const value of values) cells[Math.floor(value * 64)]! += 1;
    const expected = COUNT / 64;
    const chi = cells.reduce((sum, cell) => sum + (cell - expected) ** 2 / expected, 0);
    expect(chi).toBeLessThan(119);
    expect(chi).toBeGreaterThan(20);
  });

  it.each([
    [[0], [1]],
    [
      [0, 1],
      [0, 2],
    ],
    [["a"], ["b"]],
  ])("gives unrelated streams for seeds %j and %j", (one, other) => {
    const [first, second] = [new Random(...one), new Random(...other)];
    const products = draw(() => (first.uniform() - 0.5) * (second.uniform() - 0.5) * 12);
    // The correlation of independent streams: 0 ± 1/√40,000 = 0.005.
    expect(Math.abs(mean(products))).toBeLessThan(0.025);
  });

  // Of neighbours in one stream, likewise; a generator that repeats or trends fails.
  it("is uncorrelated from one number to the next", () => {
    const random = new Random(5);
    const values = draw(() => random.uniform() - 0.5);
    const products = values.slice(1).map((value, index) => value * values[index]! * 12);
    expect(Math.abs(mean(products))).toBeLessThan(0.025);
  });

  it("draws integers below a bound, each as often", () => {
    const random = new Random("integers");
    const counts = [0, 0, 0];
    for (const value of draw(() => random.integer(3))) counts[value]! += 1;
    // 13,333 ± 94 each.
    for (const count of counts) expect(Math.abs(count - COUNT / 3)).toBeLessThan(470);
    expect(counts.length).toBe(3);
    expect(random.integer(1)).toBe(0);
  });

  // Moments of N(0, 1): 0, 1, 0, 3, with deviations 1, √2, √15, √96 over √40,000 = 200.
  it("has the moments of the normal distribution", () => {
    const random = new Random("normal");
    const values = draw(() => random.normal());
    const moment = (power: number): number => mean(values.map((value) => value ** power));
    expect(Math.abs(moment(1))).toBeLessThan(5 / 200);
    expect(Math.abs(moment(2) - 1)).toBeLessThan((5 * Math.sqrt(2)) / 200);
    expect(Math.abs(moment(3))).toBeLessThan((5 * Math.sqrt(15)) / 200);
    expect(Math.abs(moment(4) - 3)).toBeLessThan((5 * Math.sqrt(96)) / 200);
    expect(values.every((value) => Number.isFinite(value))).toBe(true);
  });

  it("shuffles in place into each order as often", () => {
    const random = new Random("shuffle");
    const counts = new Map<string, number>();
    for (let round = 0; round < 6000; round += 1) {
      const items = [1, 2, 3];
      expect(random.shuffle(items)).toBe(items);
      counts.set(items.join(""), (counts.get(items.join("")) ?? 0) + 1);
    }
    // Six orders of 1,000 ± 29; Sattolo's or the naive shuffle misses by hundreds.
    expect([...counts.keys()].sort()).toEqual(["123", "132", "213", "231", "312", "321"]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
    expect([...random.shuffle(Int32Array.of(7))]).toEqual([7]);
  });
});
