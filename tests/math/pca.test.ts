import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { principalComponents, startEmbeddings } from "../../src/math/pca.ts";
import { Random } from "../../src/math/random.ts";

// Written by tests/fixtures/generators/engine_pca.py with scikit-learn.
const fixture = JSON.parse(
  readFileSync(new URL("../fixtures/engine/pca.json", import.meta.url), "utf8"),
) as {
  rows: number;
  size: number;
  width: number;
  data: number[];
  mean: number[];
  components: number[];
  variances: number[];
  projected: number[];
  start: number[];
};
const { rows, size, width } = fixture;
const matrix = { rows, size, data: Float32Array.from(fixture.data) };

function expectClose(got: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(got.length).toBe(expected.length);
  const worst = Math.max(...expected.map((value, index) => Math.abs(value - got[index]!)));
  expect(worst).toBeLessThan(tolerance);
}

describe("principalComponents", () => {
  const result = principalComponents(matrix, width);

  it("equals scikit-learn's, signs included", () => {
    expectClose(result.mean, fixture.mean, 1e-12);
    expectClose(result.components, fixture.components, 1e-10);
    expectClose(result.variances, fixture.variances, 1e-10);
  });

  it("projects the centred rows", () => {
    expectClose(result.projected, fixture.projected, 1e-5);
  });

  it("has orthonormal components", () => {
    for (let a = 0; a < width; a += 1) {
      for (let b = 0; b <= a; b += 1) {
        const [one, other] = [a, b].map((c) =>
          result.components.subarray(c * size, (c + 1) * size),
        );
        const product = one!.reduce((sum, value, index) => sum + value * other![index]!, 0);
        expect(product).toBeCloseTo(a === b ? 1 : 0, 12);
      }
    }
  });

  // Points on the line (1, 2) · t around (5, 5), t = -1, 0, 1: variance 1²·(1² + 2²) = 5, none across.
  it("finds a line by hand, and no variance beyond the rank", () => {
    const line = { rows: 3, size: 2, data: Float32Array.of(4, 3, 5, 5, 6, 7) };
    const { components, variances, projected } = principalComponents(line, 2);
    expectClose(variances, [5, 0], 1e-12);
    expectClose(components.subarray(0, 2), [1 / Math.sqrt(5), 2 / Math.sqrt(5)], 1e-12);
    expectClose(
      [0, 2, 4].map((i) => projected[i]!),
      [-Math.sqrt(5), 0, Math.sqrt(5)],
      1e-6,
    );
  });

  it("keeps all variance with all components, more columns than rows too", () => {
    const random = new Random("pca");
    const wide = {
      rows: 20,
      size: 50,
      data: Float32Array.from({ length: 1000 }, () => random.normal()),
    };
    const { variances, projected } = principalComponents(wide, 50);
    // 20 rows span 19 dimensions around their mean.
    expect(variances[18]).toBeGreaterThan(0.1);
    expect(variances[19]).toBeLessThan(1e-12);
    // Distances between rows survive a change of basis.
    const distance = (data: Float32Array, a: number, b: number): number =>
      Math.hypot(...Array.from({ length: 50 }, (_, i) => data[a * 50 + i]! - data[b * 50 + i]!));
    expect(distance(projected, 3, 17)).toBeCloseTo(distance(wide.data, 3, 17), 4);
  });

  it.each([
    [
      { rows: 2, size: 2, data: Float32Array.of(1, 2, 3) },
      1,
      "Expected 4 numbers for [2, 2], got 3.",
    ],
    [{ rows: 1, size: 2, data: Float32Array.of(1, 2) }, 1, "Expected at least 2 rows, got 1."],
    [
      matrix,
      10,
      "Expected 1 to 9 principal components of vectors of 9 numbers, got 10. Choose a width of at most 9.",
    ],
    [{ rows: 2, size: 1, data: Float32Array.of(1, NaN) }, 1, "Expected finite numbers"],
  ])("refuses what has no components", (input, wanted, message) => {
    expect(() => principalComponents(input, wanted)).toThrow(message);
  });
});

describe("startEmbeddings", () => {
  it("is P / P.std() · 0.3, as NumPy has it", () => {
    expectClose(startEmbeddings(matrix, width), fixture.start, 1e-6);
  });

  it("refuses rows that are all equal", () => {
    const equal = { rows: 3, size: 2, data: new Float32Array(6).fill(4) };
    expect(() => startEmbeddings(equal, 1)).toThrow("Expected embeddings that differ");
  });
});
