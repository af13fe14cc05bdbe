import PQueue from "p-queue";
import { LimbeckError } from "../../src/errors.ts";
import { roundToFloat16 } from "../../src/formats/float16.ts";
import { SHARD_TEXTS, type LabelStore } from "../../src/labels/label-store.ts";
import type { IdentifiedText } from "../../src/types.ts";
import { CHUNK_TEXTS, chunksOf, makeBlocks, type TextBlock } from "../transformers/blocks.ts";
import type { ModelPool } from "../transformers/model-pool.ts";
import type { EncodeText } from "../transformers/text-encoder.ts";
import type { VectorBlock, VectorSource } from "./vector-source.ts";

/** Opens the sessions at first need: where every vector is cached, none is ever loaded. */
export type OpenPool = () => Promise<ModelPool>;

/** Vectors that are not on disk yet. */
class Unsaved {
  private readonly store: LabelStore;
  private blocks: VectorBlock[] = [];
  private texts = 0;

  constructor(store: LabelStore) {
    this.store = store;
  }

  /** Commits a shard when there are enough rows for one. */
  async add(block: VectorBlock): Promise<void> {
    this.blocks.push(block);
    this.texts += block.ids.length;
    if (this.texts >= SHARD_TEXTS) await this.flush();
  }

  async flush(): Promise<void> {
    const { blocks } = this;
    const rows = new Float32Array(this.texts * this.store.format.width);
    this.blocks = [];
    this.texts = 0;
    let offset = 0;
    for (const { vectors } of blocks) {
      rows.set(vectors, offset);
      offset += vectors.length;
    }
    await this.store.append(
      blocks.flatMap(({ ids }) => ids),
      rows,
    );
  }
}

/** An encoder whose vectors, rounded to float16, are kept on disk: what was encoded once is only read again. */
export class CachedEncoder implements VectorSource {
  private readonly store: LabelStore;
  private readonly encodeText: EncodeText;
  private readonly openPool: OpenPool;
  private readonly workers: number;
  private opened: Promise<ModelPool> | null = null;

  constructor(store: LabelStore, encodeText: EncodeText, openPool: OpenPool, workers: number) {
    this.store = store;
    this.encodeText = encodeText;
    this.openPool = openPool;
    this.workers = workers;
  }

  /**
   * Vectors of all texts, each once, in blocks of free order. Tokenizing, running and writing overlap: two blocks per
   * worker are in flight.
   *
   * @throws LimbeckError `E_ABORTED` after the signal, when the blocks in flight have been yielded and saved.
   */
  async *vectors(
    texts: AsyncIterable<IdentifiedText>,
    signal: AbortSignal,
  ): AsyncGenerator<VectorBlock> {
    const queue = new PQueue({ concurrency: 2 * this.workers });
    const inFlight: Promise<VectorBlock>[] = [];
    const unsaved = new Unsaved(this.store);
    try {
      for await (const chunk of chunksOf(texts, CHUNK_TEXTS)) {
        if (signal.aborted) break;
        const missing = new Set(this.store.missing(chunk.map(({ id }) => id)));
        yield* this.cached(chunk.filter(({ id }) => !missing.has(id)).map(({ id }) => id));
        for (const block of makeBlocks(takeOnce(chunk, missing), this.encodeText)) {
          if (isAborted(signal)) break;
          while (inFlight.length > queue.concurrency) yield await settle(inFlight, unsaved);
          const encoded = this.enqueue(queue, block);
          // Its failure is thrown when its turn comes; until then nobody listens.
          encoded.catch(() => undefined);
          inFlight.push(encoded);
        }
      }
      while (inFlight.length > 0) yield await settle(inFlight, unsaved);
    } finally {
      await Promise.allSettled(inFlight);
      await unsaved.flush();
    }
    if (signal.aborted) throw new LimbeckError("E_ABORTED", "Stopped while labelling.");
  }

  async close(): Promise<void> {
    const pool = await this.opened?.catch(() => null);
    await pool?.close();
    this.store.close();
  }

  private async *cached(ids: string[]): AsyncGenerator<VectorBlock> {
    if (ids.length > 0) yield { ids, vectors: await this.store.read(ids) };
  }

  private async enqueue(queue: PQueue, block: TextBlock): Promise<VectorBlock> {
    const pool = await (this.opened ??= this.openPool());
    const vectors = await queue.add(() => pool.encode(block));
    roundToFloat16(vectors);
    return { ids: block.textIds, vectors };
  }
}

/** A function, since the compiler takes the signal's state to be what it was before the last await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** The texts of `chunk` that are among `wanted`, each id once. */
function takeOnce(chunk: readonly IdentifiedText[], wanted: Set<string>): IdentifiedText[] {
  return chunk.filter(({ id }) => wanted.delete(id));
}

/** The oldest block, saved or waiting for its shard to fill. */
async function settle(inFlight: Promise<VectorBlock>[], unsaved: Unsaved): Promise<VectorBlock> {
  const block = await inFlight[0]!;
  void inFlight.shift();
  await unsaved.add(block);
  return block;
}
