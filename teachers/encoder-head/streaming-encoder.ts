import { roundToFloat16 } from "../../src/formats/float16.ts";
import type { IdentifiedText } from "../../src/types.ts";
import { CHUNK_TEXTS, chunksOf, makeBlocks, type TextBlock } from "../transformers/blocks.ts";
import { runBlocks } from "../transformers/run-blocks.ts";
import type { EncodeText } from "../transformers/text-encoder.ts";
import type { OpenPool } from "./cached-encoder.ts";
import type { VectorBlock, VectorSource } from "./vector-source.ts";

/** An encoder that keeps nothing: for texts that stream through, however many they are. */
export class StreamingEncoder implements VectorSource {
  private readonly encodeText: EncodeText;
  private readonly openPool: OpenPool;
  private readonly workers: number;
  private opened: ReturnType<OpenPool> | null = null;

  constructor(encodeText: EncodeText, openPool: OpenPool, workers: number) {
    this.encodeText = encodeText;
    this.openPool = openPool;
    this.workers = workers;
  }

  /**
   * Vectors are rounded to float16, as the cached ones are: the same text gets the same logits either way.
   *
   * @throws LimbeckError `E_ABORTED` after the signal, when the blocks in flight have been yielded.
   */
  async *vectors(
    texts: AsyncIterable<IdentifiedText>,
    signal: AbortSignal,
  ): AsyncGenerator<VectorBlock> {
    const pool = () => (this.opened ??= this.openPool());
    const { workers } = this;
    for await (const { block, rows } of runBlocks(this.blocks(texts), { pool, workers, signal })) {
      roundToFloat16(rows);
      yield { ids: block.textIds, vectors: rows };
    }
  }

  async close(): Promise<void> {
    const pool = await this.opened?.catch(() => null);
    await pool?.close();
  }

  private async *blocks(texts: AsyncIterable<IdentifiedText>): AsyncGenerator<TextBlock> {
    for await (const chunk of chunksOf(texts, CHUNK_TEXTS)) {
      const distinct = new Map(chunk.map((text) => [text.id, text]));
      yield* makeBlocks([...distinct.values()], this.encodeText);
    }
  }
}
