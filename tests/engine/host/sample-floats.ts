import fc from "fast-check";
import { expect } from "vitest";

/** Float32 numbers of all sorts: plain ones, denormals, both zeros, the largest, infinities and NaN. */
const number = fc.oneof(
  { weight: 4, arbitrary: fc.float({ min: -10, max: 10, noNaN: true }) },
  { weight: 1, arbitrary: fc.float() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(1e-45, -1e-45, 1e-40, -1.1754943508222875e-38, -0, Infinity, NaN),
  },
);

/** Counts around the ends of pairs, fours and pieces of 4,096. */
const count = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 19 }) },
  { weight: 1, arbitrary: fc.constantFrom(4095, 4096, 4097, 4099, 8192, 8195) },
);

/** `arrays` arrays of one length, as ordinary arrays of numbers that repeat. */
export function floats(arrays: number): fc.Arbitrary<Float32Array[]> {
  const cycle = fc.array(number, { minLength: 1, maxLength: 40 });
  const cycles = fc.array(cycle, { minLength: arrays, maxLength: arrays });
  return fc
    .tuple(count, cycles)
    .map(([length, all]) =>
      all.map((values) => Float32Array.from({ length }, (_, n) => values[n % values.length]!)),
    );
}

/** A factor that float32 does not hold. */
export const weight = fc.double({ min: -2, max: 2, noNaN: true });

/** The same numbers; of zeros the sign counts, of NaN, whose bits no standard fixes, that it is one. */
export function expectSameNumbers(got: Float32Array, expected: Float32Array): void {
  expect(got.length).toBe(expected.length);
  const index = got.findIndex((value, place) => !Object.is(value, expected[place]));
  // One comparison, not thousands.
  if (index >= 0) expect([index, got[index]]).toEqual([index, expected[index]]);
}
