import { describe, expect, it } from "vitest";
import { scaleInto } from "../../../src/engine/shards/memory.ts";
import { sumOutcomes } from "../../../src/engine/shards/sum.ts";
import type { Outcome } from "../../../src/engine/shards/sum.ts";

/** Float32 has 24 bits: 2²⁴ + 1 rounds to 2²⁴ (half to even), 2²⁴ + 2 is exact. */
const LARGE = 2 ** 24;

const outcome = (shard: number, texts: number, gradient: number, loss = 0): Outcome => ({
  shard,
  first: 0,
  texts,
  loss,
  terms: { double: 2 * loss },
  gradients: new Map([["w", Float32Array.of(gradient)]]),
});

describe("the sum over shards", () => {
  it("is taken in the order of the shards, whatever the order in which they are done", () => {
    // (2²⁴ + 1) + 1 = 2²⁴ in float32, while (1 + 1) + 2²⁴ = 2²⁴ + 2.
    const arrivals = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ];
    for (const arrival of arrivals) {
      const values = [LARGE, 1, 1];
      const { gradients } = sumOutcomes(
        arrival.map((shard) => outcome(shard, 1, values[shard]!)),
        3,
      );
      expect([...gradients.get("w")!]).toEqual([LARGE]);
    }
    const small = [outcome(2, 1, LARGE), outcome(1, 1, 1), outcome(0, 1, 1)];
    expect([...sumOutcomes(small, 3).gradients.get("w")!]).toEqual([LARGE + 2]);
  });

  it("weighs loss and terms by the texts", () => {
    // 3/4 · 2 + 1/4 · 10 = 4; gradients come weighted already: 5 + 7.
    const { loss, terms, gradients } = sumOutcomes([outcome(0, 3, 5, 2), outcome(1, 1, 7, 10)], 4);
    expect(loss).toBe(4);
    expect(terms).toEqual({ double: 8 });
    expect([...gradients.get("w")!]).toEqual([12]);
  });
});

describe("weighing a gradient", () => {
  it("multiplies, in place or into another array", () => {
    const values = Float32Array.of(1, -2, 4);
    const target = new Float32Array(3);
    scaleInto(target, values, 0.25);
    expect([...target]).toEqual([0.25, -0.5, 1]);
    scaleInto(target, values, 1);
    expect([...target]).toEqual([1, -2, 4]);
    scaleInto(values, values, 0.5);
    expect([...values]).toEqual([0.5, -1, 2]);
  });
});
