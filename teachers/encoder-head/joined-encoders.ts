import type { IdentifiedText } from "../../src/types.ts";
import { chunksOf, rangesOf } from "../transformers/blocks.ts";
import type { VectorBlock, VectorSource } from "./vector-source.ts";

/** Texts that every encoder answers before the next are taken: many enough that no worker waits for long. */
const CHUNK_TEXTS = 8192;

/** Several encoders as one: their vectors one after the other, joined by the texts' ids. */
export class JoinedEncoders implements VectorSource {
  private readonly encoders: readonly { source: VectorSource; size: number }[];
  private readonly width: number;
  private readonly fixed: boolean;

  /**
   * @param encoders - in the order of their vectors, each with the width of its own
   * @param fixed - whether any of them is to be given whole ranges of ids
   */
  constructor(encoders: readonly { source: VectorSource; size: number }[], fixed: boolean) {
    this.encoders = encoders;
    this.fixed = fixed;
    this.width = encoders.reduce((sum, { size }) => sum + size, 0);
  }

  async *vectors(
    texts: AsyncIterable<IdentifiedText>,
    signal: AbortSignal,
  ): AsyncGenerator<VectorBlock> {
    for await (const chunk of (this.fixed ? rangesOf : chunksOf)(texts, CHUNK_TEXTS)) {
      const distinct = [...new Map(chunk.map((text) => [text.id, text])).values()];
      yield await this.join(distinct, signal);
    }
  }

  async close(): Promise<void> {
    for (const { source } of this.encoders) await source.close();
  }

  private async join(texts: readonly IdentifiedText[], signal: AbortSignal): Promise<VectorBlock> {
    // Known texts only stand beside the others: no encoder answers them.
    const ids = texts.filter(({ known }) => known !== true).map(({ id }) => id);
    const rows = new Map(ids.map((id, row) => [id, row]));
    const joined = new Float32Array(ids.length * this.width);
    let column = 0;
    for (const { source, size } of this.encoders) {
      for await (const block of source.vectors(streamOf(texts), signal)) {
        for (const [from, id] of block.ids.entries())
          joined.set(
            block.vectors.subarray(from * size, (from + 1) * size),
            rows.get(id)! * this.width + column,
          );
      }
      column += size;
    }
    return { ids, vectors: joined };
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that an encoder takes
async function* streamOf(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}
