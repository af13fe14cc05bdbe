import { roundToFloat16 } from "../../src/formats/float16.ts";
import type { IdentifiedText } from "../../src/types.ts";
import {
  CHUNK_TEXTS,
  chunksOf,
  makeBlocks,
  makeFixedBlocks,
  rangesOf,
  type TextBlock,
} from "../transformers/blocks.ts";
import { runBlocks } from "../transformers/run-blocks.ts";
import type { EncodeText } from "../transformers/text-encoder.ts";
import type { OpenPool } from "./cached-encoder.ts";
import { pickTexts, type VectorBlock, type VectorSource } from "./vector-source.ts";

/** A block, and those of its texts that are asked for. */
interface AskedBlock extends TextBlock {
  wanted: ReadonlySet<string>;
}

/** An encoder that keeps nothing: for texts that stream through, however many they are. */
export class StreamingEncoder implements VectorSource {
  private readonly encodeText: EncodeText;
  private readonly openPool: OpenPool;
  private readonly workers: number;
  private readonly fixed: boolean;
  private opened: ReturnType<OpenPool> | null = null;

  /** @param fixed - whether a text's vector depends on the texts beside it: whole ranges of ids are then cut into blocks */
  constructor(encodeText: EncodeText, openPool: OpenPool, workers: number, fixed: boolean) {
    this.encodeText = encodeText;
    this.openPool = openPool;
    this.workers = workers;
    this.fixed = fixed;
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
      yield pickTexts({ ids: block.textIds, vectors: rows }, block.wanted);
    }
  }

  async close(): Promise<void> {
    const pool = await this.opened?.catch(() => null);
    await pool?.close();
  }

  private async *blocks(texts: AsyncIterable<IdentifiedText>): AsyncGenerator<AskedBlock> {
    for await (const chunk of (this.fixed ? rangesOf : chunksOf)(texts, CHUNK_TEXTS)) {
      const distinct = [...new Map(chunk.map((text) => [text.id, text])).values()];
      const asked = distinct.filter(({ known }) => known !== true);
      const wanted = new Set(asked.map(({ id }) => id));
      const blocks = this.fixed
        ? makeFixedBlocks(distinct, wanted, this.encodeText)
        : makeBlocks(asked, this.encodeText);
      for (const block of blocks) yield { ...block, wanted };
    }
  }
}
