import { describe, expect, it } from "vitest";
import {
  chooseTags,
  derivedNumber,
  evaluateSize,
  monomialOf,
} from "../../src/engine/graph/symbols.ts";

const [tags, other] = chooseTags([]);

describe("free sizes", () => {
  it("are read back from products", () => {
    expect(monomialOf(512, tags)).toBeNull();
    expect(monomialOf(tags.B, tags)).toEqual({ coefficient: 1, powers: { B: 1, L: 0 } });
    expect(monomialOf(8 * tags.B * tags.L ** 2, tags)).toEqual({
      coefficient: 8,
      powers: { B: 1, L: 2 },
    });
    expect(monomialOf(tags.L - 1, tags)).toBeNull();
    expect(monomialOf(0, tags)).toBeNull();
  });

  it("become numbers once B and L are known", () => {
    // 3 · 4 · 5²
    expect(evaluateSize(3 * tags.B * tags.L ** 2, tags, { B: 4, L: 5 })).toBe(300);
    expect(evaluateSize(77, tags, { B: 4, L: 5 })).toBe(77);
  });

  it("are primes that none of the program's sizes is a multiple of", () => {
    const [first, second] = chooseTags([7 * tags.B]);
    expect(first).toEqual(other);
    expect(second).not.toEqual(other);
    for (const { B, L } of [tags, other, second]) {
      for (const prime of [B, L]) {
        for (let divisor = 2; divisor * divisor <= prime; divisor += 1)
          expect(prime % divisor).not.toBe(0);
      }
    }
  });

  it("are recognised in numbers that were rounded to float32", () => {
    expect(derivedNumber(Math.fround(tags.B * tags.L), tags)?.monomial.powers).toEqual({
      B: 1,
      L: 1,
    });
    expect(derivedNumber(Math.fround(-2 / tags.L), tags)).toEqual({
      monomial: { coefficient: -2, powers: { B: 0, L: 1 } },
      reciprocal: true,
    });
    for (const ordinary of [0, 1, -1, 0.5, 1e-12, 1e9, -1e4, 3.14159, 0.02, 1e-5, 30522, 1 / 3]) {
      expect(derivedNumber(ordinary, tags), String(ordinary)).toBeNull();
    }
  });
});
