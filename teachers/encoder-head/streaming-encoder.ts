import { roundToFloat16 } from "../../src/formats/float16.ts";
import type { IdentifiedText } from "../../src/types.ts";
import { makeAskedBlocks } from "../transformers/asked-blocks.ts";
import { runBlocks } from "../transformers/run-blocks.ts";
import {
  pickTexts,
  type EncoderParts,
  type VectorBlock,
  type VectorSource,
} from "./vector-source.ts";

/** An encoder that keeps nothing: for texts that stream through, however many they are. */
export class StreamingEncoder implements VectorSource {
  private readonly parts: EncoderParts;

  constructor(parts: EncoderParts) {
    this.parts = parts;
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
    const { pool, workers } = this.parts;
    const running = { pool: pool.open, workers, signal };
    for await (const { block, rows } of runBlocks(makeAskedBlocks(texts, this.parts), running)) {
      roundToFloat16(rows);
      yield pickTexts({ ids: block.textIds, vectors: rows }, block.wanted);
    }
  }

  close(): Promise<void> {
    return this.parts.pool.close();
  }
}
