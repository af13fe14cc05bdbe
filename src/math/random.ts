/**
 * A seeded source of random numbers: xoshiro128** seeded through splitmix32 (Blackman & Vigna 2018,
 * https://prng.di.unimi.it). The same seed gives the same numbers on every machine.
 */
export class Random {
  private readonly state = new Uint32Array(4);

  /** @param seed - any strings and numbers; different lists give unrelated streams. */
  constructor(...seed: (number | string)[]) {
    // FNV-1a over the joined seed, then splitmix32: every bit of the seed reaches every word of the state.
    let hash = 0x811c9dc5;
    for (const character of seed.join("\u0000")) {
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
    }
    for (let word = 0; word < 4; word += 1) {
      hash = (hash + 0x9e3779b9) | 0;
      let mixed = hash ^ (hash >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      this.state[word] = mixed ^ (mixed >>> 15);
    }
  }

  /** The next 32 bits, `0 ≤ n < 2³²`. */
  bits(): number {
    const state = this.state as unknown as [number, number, number, number];
    const scrambled = Math.imul(state[1], 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = (state[3] << 11) | (state[3] >>> 21);
    return result;
  }

  /** Uniform in `[0, 1)`, 32 bits fine. */
  uniform(): number {
    return this.bits() / 4294967296;
  }

  /** Uniform over `0 … below - 1`; `below` from 1 to 2³². */
  integer(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** Standard normal (Box & Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles in place (Fisher & Yates) and returns the same array. */
  shuffle<A extends { length: number; [index: number]: unknown }>(items: A): A {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.integer(last + 1);
      [items[last], items[other]] = [items[other], items[last]];
    }
    return items;
  }
}
