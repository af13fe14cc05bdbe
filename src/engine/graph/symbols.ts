import type { Dimension } from "../types.ts";

/**
 * While a program is traced, two primes stand for the free sizes `B` and `L`. Nothing is computed in a trace, so a
 * size may be as large as it likes; and whatever the program derives from them, such as `[B·L, 4·H]`, can be read
 * back, since a fixed size is hardly ever a multiple of the prime.
 */
export interface Tags {
  B: number;
  L: number;
}

export type SymbolName = keyof Tags;

/** `coefficient · B^powers.B · L^powers.L`, with at least one power above 0. */
export interface Monomial {
  coefficient: number;
  powers: Record<SymbolName, number>;
}

// B · L² · 100 stays below 2^53, so that tfjs's own products of sizes remain exact.
const PAIRS: readonly Tags[] = [
  { B: 50021, L: 40009 },
  { B: 50101, L: 40099 },
  { B: 50047, L: 40031 },
  { B: 50093, L: 40063 },
];

/** Two pairs of primes that divide none of the program's fixed sizes. */
export function chooseTags(fixedSizes: Iterable<number>): [Tags, Tags] {
  const sizes = [...fixedSizes].filter((size) => size > 0);
  const free = PAIRS.filter((pair) => sizes.every((size) => size % pair.B && size % pair.L));
  const [first, second] = free;
  if (!first || !second) throw new Error("no pair of primes is left to stand for free sizes");
  return [first, second];
}

/** The size that stands for a dimension. */
export function tagged(dimension: Dimension, tags: Tags): number {
  return typeof dimension === "number" ? dimension : tags[dimension];
}

/** What a size is made of, or null where it is fixed. */
export function monomialOf(size: number, tags: Tags): Monomial | null {
  if (!Number.isSafeInteger(size) || size === 0) return null;
  const powers = { B: 0, L: 0 };
  let coefficient = size;
  for (const symbol of ["B", "L"] as const) {
    while (coefficient % tags[symbol] === 0) {
      coefficient /= tags[symbol];
      powers[symbol] += 1;
    }
  }
  return powers.B + powers.L > 0 ? { coefficient, powers } : null;
}

export function isFree(size: number, tags: Tags): boolean {
  return size !== 0 && (size % tags.B === 0 || size % tags.L === 0);
}

/** The value of a size once `B` and `L` are known. */
export function evaluateSize(size: number, tags: Tags, actual: Tags): number {
  const monomial = monomialOf(size, tags);
  if (!monomial) return size;
  return monomial.coefficient * actual.B ** monomial.powers.B * actual.L ** monomial.powers.L;
}

/** `factor · monomial` or `factor / monomial`: a number in a program that was computed from a free size. */
export interface DerivedNumber {
  monomial: Monomial;
  reciprocal: boolean;
}

const DERIVED = [
  [1, 0],
  [0, 1],
  [1, 1],
] as const;

/** Largest factor that is tried: a chance hit among ordinary float32 constants is then below one in a thousand. */
const LARGEST_FACTOR = 4096;

/**
 * Recognises a number such as `B`, `2·L` or `1 / (B·L)` that a program computed in JavaScript from a tensor's shape.
 * Such a number has been rounded to float32, so it is compared after rounding.
 */
export function derivedNumber(value: number, tags: Tags): DerivedNumber | null {
  const size = Math.abs(value);
  for (const [B, L] of DERIVED) {
    const product = tags.B ** B * tags.L ** L;
    for (const reciprocal of [false, true]) {
      const factor = Math.round(reciprocal ? size * product : size / product);
      if (factor < 1 || factor > LARGEST_FACTOR) continue;
      const exact = reciprocal ? factor / product : factor * product;
      if (Math.fround(exact) === Math.fround(size)) {
        return {
          monomial: { coefficient: Math.sign(value) * factor, powers: { B, L } },
          reciprocal,
        };
      }
    }
  }
  return null;
}
