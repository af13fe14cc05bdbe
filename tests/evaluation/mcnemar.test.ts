import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { binomialTest, mcnemar } from "../../src/evaluation/mcnemar.ts";

// Written by tests/fixtures/generators/evaluation.py with scipy.stats.binomtest.
const cases = JSON.parse(
  readFileSync(new URL("../fixtures/evaluation/mcnemar.json", import.meta.url), "utf8"),
) as { first: number; second: number; pValue: number }[];

describe("exact binomial test", () => {
  it.each(cases)("$first against $second", ({ first, second, pValue }) => {
    const got = binomialTest(first, first + second);
    expect(Math.abs(got - pValue)).toBeLessThanOrEqual(1e-10 * pValue);
  });

  it("has nothing to say without trials", () => {
    expect(binomialTest(0, 0)).toBe(1);
  });
});

describe("McNemar's test", () => {
  it("looks only at texts that exactly one of the two gets right", () => {
    // First alone right on 5 texts, second on none: p = 2 · 2⁻⁵. Texts both get right or wrong do not count.
    const first = Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 0, 0);
    const second = Uint8Array.of(0, 0, 0, 0, 0, 1, 1, 0, 0);
    expect(mcnemar(first, second)).toEqual({ firstOnly: 5, secondOnly: 0, pValue: 0.0625 });
    expect(mcnemar(second, first)).toEqual({ firstOnly: 0, secondOnly: 5, pValue: 0.0625 });
  });

  it("is 1 for equal systems", () => {
    expect(mcnemar(Uint8Array.of(1, 0), Uint8Array.of(1, 0)).pValue).toBe(1);
  });
});
