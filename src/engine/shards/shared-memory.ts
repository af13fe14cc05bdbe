import type { TrainingPlan } from "../program/training-plan.ts";
import type { Feeds } from "../program/training.ts";
import { names } from "../runtime/names.ts";
import type { Batch } from "../types.ts";
import { layOut, sharedArray } from "./memory.ts";
import type { Layout } from "./memory.ts";
import type { Part } from "./split.ts";

/** What the calling thread and those for shards see without a copy. */
export class SharedMemory {
  /** All parameters one after the other. */
  readonly parameters: Float32Array;
  private readonly layout: Layout;
  private readonly embeddingSize: number;
  private readonly rows = new GrowingArray();
  private readonly embedded = new GrowingArray();
  /** By shard. */
  private readonly gradients = new Map<number, Float32Array>();

  constructor(plan: TrainingPlan) {
    this.layout = layOut(plan.parameters);
    this.parameters = sharedArray(this.layout.size);
    this.embeddingSize = plan.embeddingSize ?? 0;
  }

  /** Copies the parameters as they are now. */
  shareParameters(feeds: Feeds): void {
    for (const [name, { offset }] of this.layout.places) {
      this.parameters.set(feeds[names.parameter(name)]!.data as Float32Array, offset);
    }
  }

  /** Room for a batch's gathered rows of the embedding table, `[B, L, size]`; valid until the next batch. */
  rowsOf(batch: Batch): Float32Array {
    return this.rows.take(batch.batch * batch.length * this.embeddingSize);
  }

  /** Room for the gradient of those rows. */
  embeddedOf(batch: Batch): Float32Array {
    return this.embedded.take(batch.batch * batch.length * this.embeddingSize);
  }

  /** A part's stretch of `[B, L, size]`, as a view. */
  stretch(vectors: Float32Array, { length }: Batch, { first, texts }: Part): Float32Array {
    const perText = length * this.embeddingSize;
    return vectors.subarray(first * perText, (first + texts) * perText);
  }

  /** Where a shard's thread writes the parameters' gradients, one after the other. */
  gradientsOf(shard: number): Float32Array {
    const known = this.gradients.get(shard) ?? sharedArray(this.layout.size);
    this.gradients.set(shard, known);
    return known;
  }

  /** The same by parameter, of those that `learned` names. */
  namedGradients(shard: number, learned: readonly string[]): Map<string, Float32Array> {
    const all = this.gradientsOf(shard);
    const views = learned.map((name) => {
      const { offset, size } = this.layout.places.get(name)!;
      return [name, all.subarray(offset, offset + size)] as const;
    });
    return new Map(views);
  }
}

/** A shared array that is replaced by a larger one when that is asked for. */
class GrowingArray {
  private array = sharedArray(0);

  /** The first `size` elements; what they hold is whatever was written last. */
  take(size: number): Float32Array<SharedArrayBuffer> {
    if (this.array.length < size) this.array = sharedArray(Math.ceil(1.25 * size));
    return this.array.subarray(0, size);
  }
}
