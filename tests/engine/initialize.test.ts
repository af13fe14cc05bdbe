import { describe, expect, test } from "vitest";
import { hash, hashText, uniformAt } from "../../src/engine/dropout/counter-random.ts";
import { initialValues } from "../../src/engine/program/initialize.ts";

const stream = hash(7, hashText("weight"));

describe("initialValues", () => {
  test("normal values are Box and Muller's of the two uniform numbers at their place", () => {
    const values = initialValues(
      { name: "weight", shape: [40, 50], initializer: { kind: "normal", deviation: 0.3 } },
      7,
    );
    for (const place of [0, 1, 51, 1999]) {
      const [u, v] = [uniformAt(stream, 2 * place), uniformAt(stream, 2 * place + 1)];
      const standard = Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
      expect(values[place]).toBe(Math.fround(0.3 * standard));
    }
    // 2,000 draws: the mean's standard error is 0.3 / √2000 = 0.0067, the variance's 0.09 · √(2/2000) = 0.0028.
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.027);
    expect(Math.abs(variance - 0.09)).toBeLessThan(0.012);
  });

  test("uniform values are spread over the whole range of their limit", () => {
    const values = initialValues(
      { name: "weight", shape: [2000], initializer: { kind: "uniform", limit: 0.5 } },
      7,
    );
    expect(values[1234]).toBe(Math.fround(0.5 * (2 * uniformAt(stream, 1234) - 1)));
    expect(Math.max(...values)).toBeGreaterThan(0.49);
    expect(Math.min(...values)).toBeLessThan(-0.49);
  });
});
