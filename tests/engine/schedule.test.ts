import { describe, expect, it } from "vitest";
import { learningRateAt } from "../../src/engine/optimizers/schedules.ts";

describe("learningRateAt, linear", () => {
  const rates = (peak: number, steps: number, warmup: number): number[] =>
    Array.from({ length: steps }, (_, k) =>
      learningRateAt(k, { kind: "linear", peak, steps, warmup }),
    );
  const expectRates = (got: number[], expected: number[]): void => {
    expect(got.length).toBe(expected.length);
    got.forEach((rate, k) => {
      expect(rate).toBeCloseTo(expected[k]!, 12);
    });
  };

  // w·n = 2: 0/2, 1/2, then 1 - (k - 2)/8.
  it("rises to the peak over the warm-up and falls to one share above 0", () => {
    const shares = [0, 0.5, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8];
    expectRates(rates(0.002, 10, 0.2), shares.map((share) => share * 0.002)); // prettier-ignore
  });

  // w·n = 2.5: 0, 1/2.5, 2/2.5, then 1 - (3 - 2.5)/2.5, 1 - (4 - 2.5)/2.5.
  it("need not begin its fall on a whole step", () => {
    expectRates(rates(1, 5, 0.5), [0, 0.4, 0.8, 0.8, 0.4]);
  });

  it("starts at the peak without warm-up", () => {
    expectRates(rates(4, 4, 0), [4, 3, 2, 1]);
  });

  it("only rises when all is warm-up", () => {
    expectRates(rates(4, 4, 1), [0, 1, 2, 3]);
  });

  it("has rate 0 in a single step with warm-up, the peak without", () => {
    expectRates(rates(3, 1, 0.1), [0]);
    expectRates(rates(3, 1, 0), [3]);
  });

  it("is 0 after the last step", () => {
    expect(learningRateAt(10, { kind: "linear", peak: 1, steps: 10, warmup: 0.1 })).toBe(0);
  });

  it.each([
    [0, { peak: 1, steps: 0, warmup: 0.1 }],
    [0, { peak: 1, steps: 5, warmup: 1.5 }],
    [6, { peak: 1, steps: 5, warmup: 0.1 }],
    [-1, { peak: 1, steps: 5, warmup: 0.1 }],
    [NaN, { peak: 1, steps: 5, warmup: 0.1 }],
  ])("refuses update %d of %o", (k, options) => {
    expect(() => learningRateAt(k, { kind: "linear", ...options })).toThrow(
      "Expected steps ≥ 1, warmup in [0, 1]",
    );
  });
});
