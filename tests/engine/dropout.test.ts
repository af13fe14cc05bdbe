import { describe, expect, it } from "vitest";
import { hash, uniformAt } from "../../src/engine/dropout/counter-random.ts";
import { DropoutPool } from "../../src/engine/dropout/dropout-pool.ts";

const draw = (pool: DropoutPool, options: { step?: number; layer?: number; rate?: number } = {}) =>
  pool.mask({ rate: 0.3, step: 1, layer: 0, size: 4096, ...options }).slice();

describe("dropout masks", () => {
  it("drop the given share and keep the mean at 1", () => {
    const pool = new DropoutPool(11);
    for (const rate of [0.1, 0.5, 0.9]) {
      const mask = pool.mask({ rate, step: 3, layer: 1, size: 200_000 });
      const kept = Math.fround(1 / (1 - rate));
      expect(new Set(mask)).toEqual(new Set([0, kept]));
      const share = mask.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0) / mask.length;
      // Deviation of a share out of 200,000: below 0.0012; four of them.
      expect(Math.abs(share - rate)).toBeLessThan(0.0045);
    }
  });

  it("have no runs: neighbours are dropped together as often as chance has it", () => {
    const mask = new DropoutPool(11).mask({ rate: 0.5, step: 3, layer: 1, size: 200_000 });
    const both = mask.reduce(
      (sum, value, index) => sum + (value === 0 && mask[index + 1] === 0 ? 1 : 0),
      0,
    );
    expect(Math.abs(both / mask.length - 0.25)).toBeLessThan(0.005);
  });

  it("are the same for the same seed, step and layer, and differ where any of them does", () => {
    const mask = draw(new DropoutPool(1));
    expect(draw(new DropoutPool(1))).toEqual(mask);
    const others = [
      draw(new DropoutPool(2)),
      draw(new DropoutPool(1), { step: 2 }),
      draw(new DropoutPool(1), { layer: 1 }),
    ];
    for (const other of others) {
      const same = other.reduce((sum, value, index) => sum + (value === mask[index] ? 1 : 0), 0);
      // Two independent masks of rate 0.3 agree in 0.3² + 0.7² = 0.58 of the places.
      expect(Math.abs(same / mask.length - 0.58)).toBeLessThan(0.04);
    }
  });

  it("do not depend on what was drawn before, also when the pool had to grow", () => {
    const pool = new DropoutPool(1);
    pool.mask({ rate: 0.3, step: 9, layer: 0, size: 3_000_000 });
    expect(draw(pool)).toEqual(draw(new DropoutPool(1)));
    expect(draw(new DropoutPool(1, 500_000))).toEqual(draw(new DropoutPool(1)));
  });

  it("of two rates nest: what a low rate drops, a higher one drops too", () => {
    const pool = new DropoutPool(4);
    const low = draw(pool, { rate: 0.2 });
    const high = draw(pool, { rate: 0.6 });
    expect(low.every((value, index) => value !== 0 || high[index] === 0)).toBe(true);
  });
});

describe("counter-based random numbers", () => {
  it("are uniform: 100 bins of 100,000 numbers", () => {
    const bins = new Float64Array(100);
    for (let place = 0; place < 100_000; place += 1) {
      bins[Math.floor(100 * uniformAt(hash(7), place))]! += 1;
    }
    // Chi-squared with 99 degrees of freedom: mean 99, deviation √198 = 14.
    const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeGreaterThan(99 - 4 * 14);
    expect(chiSquared).toBeLessThan(99 + 5 * 14);
  });

  it("hash different numbers, and orders of them, differently", () => {
    const seen = new Set<number>();
    for (let a = 0; a < 100; a += 1) for (let b = 0; b < 100; b += 1) seen.add(hash(a, b));
    // Of 10,000 draws out of 2³², 0.01 pairs collide on average.
    expect(seen.size).toBeGreaterThan(9_998);
  });
});
