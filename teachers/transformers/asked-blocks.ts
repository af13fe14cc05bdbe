import type { IdentifiedText } from "../../src/types.ts";
import {
  CHUNK_TEXTS,
  chunksOf,
  makeBlocks,
  makeFixedBlocks,
  rangesOf,
  type TextBlock,
} from "./blocks.ts";
import type { EncodeText } from "./text-encoder.ts";

/** A block, and which of its texts are asked about: the others only take their places beside them. */
export interface AskedBlock extends TextBlock {
  wanted: ReadonlySet<string>;
}

export interface AskedBlocksOptions {
  encodeText: EncodeText;
  /** Whether a text's answer depends on the texts beside it: whole ranges of ids are then cut into blocks. */
  fixed: boolean;
}

/** Cuts a stream of texts into blocks in which every text that is not `known` is asked about; a chunk's texts once each. */
export async function* makeAskedBlocks(
  texts: AsyncIterable<IdentifiedText>,
  { encodeText, fixed }: AskedBlocksOptions,
): AsyncGenerator<AskedBlock> {
  for await (const chunk of (fixed ? rangesOf : chunksOf)(texts, CHUNK_TEXTS)) {
    const distinct = [...new Map(chunk.map((text) => [text.id, text])).values()];
    const asked = distinct.filter(({ known }) => known !== true);
    const wanted = new Set(asked.map(({ id }) => id));
    const blocks = fixed
      ? makeFixedBlocks(distinct, wanted, encodeText)
      : makeBlocks(asked, encodeText);
    for (const block of blocks) yield { ...block, wanted };
  }
}
