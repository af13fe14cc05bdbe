import { Tensor } from "onnxruntime-node";
import { evaluateSize } from "../graph/symbols.ts";
import type { Tags } from "../graph/symbols.ts";
import type { Batch } from "../types.ts";
import type { DropoutLayer } from "./contexts.ts";
import { DropoutPool } from "./dropout-pool.ts";

/** The masks that a traced program's dropout layers take, as inputs of a session. */
export class MaskFeeds {
  private readonly layers: readonly DropoutLayer[];
  private readonly tags: Tags;
  private readonly pool: DropoutPool;

  /** @param options - `maxTokens` sizes the pool; larger batches are possible. */
  constructor(
    traced: { layers: readonly DropoutLayer[]; tags: Tags },
    { seed, maxTokens }: { seed: number; maxTokens: number },
  ) {
    this.layers = traced.layers;
    this.tags = traced.tags;
    // Sizes that grow with B · L; those that grow with L · L are not known yet.
    const sizes = this.layers.map((layer) => product(this.sizesOf(layer, { B: maxTokens, L: 1 })));
    this.pool = new DropoutPool(seed, Math.max(0, ...sizes));
  }

  /** @param draw - chooses the masks: the number of the coming update. */
  feeds({ batch, length }: Batch, draw: number): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    this.layers.forEach((layer, index) => {
      const sizes = this.sizesOf(layer, { B: batch, L: length });
      const mask = this.pool.mask({
        rate: layer.rate,
        step: draw,
        layer: index,
        size: product(sizes),
      });
      feeds[layer.input] = new Tensor("float32", mask, sizes);
    });
    return feeds;
  }

  private sizesOf({ shape }: DropoutLayer, actual: Tags): number[] {
    return shape.map((size) => evaluateSize(size, this.tags, actual));
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
