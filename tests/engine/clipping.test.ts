import { describe, expect, it } from "vitest";
import { EngineError } from "../../src/engine/errors.ts";
import { measureGradients, squaredNorm } from "../../src/engine/gradient-clipping.ts";

const of = (...values: number[]): Float32Array => Float32Array.from(values);

describe("measureGradients", () => {
  // √(3² + 4² + 12²) = 13, over all parameters together.
  it("takes one norm over all gradients", () => {
    expect(measureGradients([["a", of(3, 4)], ["b", of(-12)]])).toEqual({ norm: 13, scale: 1 }); // prettier-ignore
  });

  it("scales down to the limit as PyTorch does, and never up", () => {
    const gradients = [["a", of(3, 4)]] as const;
    expect(measureGradients(gradients, 1).scale).toBe(1 / (5 + 1e-6));
    expect(measureGradients(gradients, 10).scale).toBe(1);
    // At the limit itself PyTorch's 1e-6 tells: 5 / 5.000001.
    expect(measureGradients(gradients, 5).scale).toBe(5 / (5 + 1e-6));
    expect(measureGradients([["a", of(0, 0)]], 1)).toEqual({ norm: 0, scale: 1 });
    expect(measureGradients([], 1)).toEqual({ norm: 0, scale: 1 });
  });

  it.each([1, 2, 3, 4, 5, 9])("counts every one of %i elements", (length) => {
    // 1² + 2² + … + n² = n(n + 1)(2n + 1)/6.
    const values = Float32Array.from({ length }, (_, index) => index + 1);
    expect(squaredNorm(values)).toBe((length * (length + 1) * (2 * length + 1)) / 6);
  });

  it("does not overflow where float32 would", () => {
    expect(measureGradients([["a", of(3e38, 3e38)]]).norm / 3e38).toBeCloseTo(Math.SQRT2, 6);
  });

  it.each([NaN, Infinity, -Infinity])("names the first parameter with %d", (bad) => {
    const run = (): unknown =>
      measureGradients([["fine", of(1)], ["first", of(1, 2, bad, bad)], ["second", of(bad)]]); // prettier-ignore
    expect(run).toThrow(EngineError);
    expect(run).toThrow(
      `Expected finite gradients, got ${bad} in first, element 2 (2 of 4 elements are not finite).`,
    );
    try {
      run();
    } catch (error) {
      expect((error as EngineError).code).toBe("E_NONFINITE");
    }
  });
});
