import { hash, uniformAt } from "./counter-random.ts";

/** Offsets lie below this: a million places, so that a mask is seldom met again. */
const OFFSETS = 1 << 20;

/** Keeps streams of random numbers that share a seed apart. */
const POOL = 1;
const OFFSET = 2;

/** Which mask: that of the `layer`-th call of dropout in a program, in one step of the optimizer, for one shard. */
export interface MaskOptions {
  rate: number;
  step: number;
  layer: number;
  /** Which part of the step's batch. Default 0. */
  shard?: number;
  /** How many elements. */
  size: number;
}

/**
 * Masks for dropout out of a pool of seeded uniform numbers. A mask is the stretch of the pool that starts at an offset
 * drawn from (seed, step, layer, shard), compared with the rate: the same run gives the same masks, also when it was
 * interrupted in between, and a mask costs no random number.
 *
 * A number of the pool depends on its place alone, so the pool grows when a larger mask is asked for and stays the
 * same where it was.
 */
export class DropoutPool {
  private readonly seed: number;
  private readonly reserve: number;
  /** By rate: 0 or 1 / (1 - rate). */
  private readonly masks = new Map<number, Float32Array>();

  /** @param reserve - size of the largest mask that is expected; larger ones are possible. */
  constructor(seed: number, reserve = 0) {
    this.seed = seed;
    this.reserve = reserve;
  }

  /** `size` times 0 or `1 / (1 - rate)`: a view that is valid until the next call, to be multiplied with. */
  mask({ rate, step, layer, shard = 0, size }: MaskOptions): Float32Array {
    // The first shard draws what a batch that is not split does.
    const parts = shard === 0 ? [] : [shard];
    const offset = hash(this.seed, OFFSET, step, layer, ...parts) % OFFSETS;
    return this.poolOf(rate, offset + size).subarray(offset, offset + size);
  }

  private poolOf(rate: number, length: number): Float32Array {
    const known = this.masks.get(rate) ?? new Float32Array(0);
    if (known.length >= length) return known;
    const grown = new Float32Array(
      Math.max(length, OFFSETS + this.reserve, Math.ceil(1.25 * known.length)),
    );
    grown.set(known);
    const stream = hash(this.seed, POOL);
    const kept = 1 / (1 - rate);
    for (let place = known.length; place < grown.length; place += 1) {
      grown[place] = uniformAt(stream, place) < rate ? 0 : kept;
    }
    this.masks.set(rate, grown);
    return grown;
  }
}
