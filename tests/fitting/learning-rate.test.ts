import { describe, expect, it } from "vitest";
import { learningRateOf } from "../../src/fitting/learning-rate.ts";

describe("learningRateOf", () => {
  const plan = { steps: 20, learningRate: 0.8, warmup: 0.2 };

  it("rises over the warm-up and falls to 0 linearly", () => {
    // 4 of 20 steps warm up: 0, 1/4, 2/4, …; then 16 steps down, of which step 12 has made 8.
    const rates = [0, 1, 2, 4, 12].map((step) =>
      learningRateOf(step, { ...plan, schedule: "linear" }),
    );
    expect(rates).toEqual([0, 0.2, 0.4, 0.8, 0.4]);
  });

  it("follows the recipe's schedule", () => {
    // Step 12 is half of the way down: a half cosine is at 1/2 there as well, step 8 (a quarter) at (1 + √½) / 2.
    expect(learningRateOf(12, { ...plan, schedule: "constant" })).toBe(0.8);
    expect(learningRateOf(12, { ...plan, schedule: "cosine" })).toBeCloseTo(0.4, 12);
    expect(learningRateOf(8, { ...plan, schedule: "cosine" })).toBeCloseTo(
      0.4 * (1 + Math.SQRT1_2),
      12,
    );
  });
});
