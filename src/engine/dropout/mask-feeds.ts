import { Tensor } from "onnxruntime-node";
import { evaluateSize } from "../graph/symbols.ts";
import type { Tags } from "../graph/symbols.ts";
import type { Batch } from "../types.ts";
import type { DropoutLayer } from "./contexts.ts";
import { DropoutPool } from "./dropout-pool.ts";
import { sizeOf } from "../shape.ts";

/** The dropout of a traced program. */
export interface TracedLayers {
  layers: readonly DropoutLayer[];
  tags: Tags;
}

/** Elements of the largest mask where at most `maxTokens` tokens come, as far as masks grow with B · L, not L · L. */
export function largestMask({ layers, tags }: TracedLayers, maxTokens: number): number {
  const largest = { B: maxTokens, L: 1 };
  return Math.max(0, ...layers.map((layer) => sizeOf(sizesOf(layer, tags, largest))));
}

/** The masks that a traced program's dropout takes, as inputs of a session. */
export class MaskFeeds {
  private readonly traced: TracedLayers;
  private readonly pool: DropoutPool;

  /** @param options - `largestMask` is a reserve: larger masks are possible. */
  constructor(traced: TracedLayers, options: { seed: number; largestMask: number }) {
    this.traced = traced;
    this.pool = new DropoutPool(options.seed, options.largestMask);
  }

  /**
   * @param step - number of the coming update, which chooses the masks
   * @param shard - which part of the step's batch this is
   */
  feeds({ batch, length }: Batch, step: number, shard = 0): Record<string, Tensor> {
    const { layers, tags } = this.traced;
    const feeds: Record<string, Tensor> = {};
    layers.forEach((one, layer) => {
      const sizes = sizesOf(one, tags, { B: batch, L: length });
      const mask = this.pool.mask({ rate: one.rate, step, layer, shard, size: sizeOf(sizes) });
      feeds[one.input] = new Tensor("float32", mask, sizes);
    });
    return feeds;
  }
}

function sizesOf({ shape }: DropoutLayer, tags: Tags, actual: Tags): number[] {
  return shape.map((size) => evaluateSize(size, tags, actual));
}
