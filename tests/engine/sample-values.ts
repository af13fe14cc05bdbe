/** Deterministic numbers between -2 and 2 without a pattern that an error could hide in. */
export function sampleValues(count: number, salt = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => {
    const wave = Math.sin((index + 1) * 12.9898 + salt * 78.233) * 43758.5453;
    return Math.fround(4 * (wave - Math.floor(wave)) - 2);
  });
}

/** The largest difference of two arrays, relative where their elements exceed 1. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < a.length; index += 1) {
    const difference = Math.abs(a[index]! - b[index]!) / Math.max(1, Math.abs(b[index]!));
    // NaN compares false: a NaN on one side only must count.
    if (!(difference <= largest)) largest = Object.is(a[index], b[index]) ? largest : difference;
  }
  return largest;
}
