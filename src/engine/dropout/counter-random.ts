/**
 * Random numbers by their place: the number at a place depends on the seed and the place alone, so that they can be
 * drawn in any order, a second time, or a few more later.
 *
 * The mixing function is splitmix32's finaliser (Steele, Lea & Flood 2014, with the constants of Mulvey's `lowbias32`
 * search, https://nullprogram.com/blog/2018/07/31/).
 */
export function mix(bits: number): number {
  let mixed = bits | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

const GOLDEN_RATIO = 0x9e3779b9;

/** 32 bits from any whole numbers; each, and their order, matters. */
export function hash(...numbers: readonly number[]): number {
  return numbers.reduce(
    (state, number) =>
      mix(state + Math.imul(mix(number + GOLDEN_RATIO), GOLDEN_RATIO) + GOLDEN_RATIO),
    0,
  );
}

/** 32 bits from a string: FNV-1a over its UTF-16 units, mixed. */
export function hashText(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(state);
}

/** The number at a place of the stream that `seed`, 32 bits, starts: uniform in `[0, 1)`. */
export function uniformAt(seed: number, place: number): number {
  return mix(mix(seed + Math.imul(place, GOLDEN_RATIO)) ^ seed) / 4294967296;
}
