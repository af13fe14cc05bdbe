import type { IdentifiedText } from "../../src/types.ts";
import { packRows } from "./pack.ts";
import type { TokenBlock } from "./running-model.ts";
import type { EncodeText } from "./text-encoder.ts";

/** Texts that a worker is given at a time: enough to hide the hand-over, little enough to stop soon. */
export const BLOCK_TEXTS = 128;
/** Texts that are sorted by length together: neighbours then differ by a token or two, and memory stays flat. */
export const CHUNK_TEXTS = 2048;

export interface TextBlock extends TokenBlock {
  /** Of the texts in the block's order. */
  textIds: string[];
}

/** Tokenizes texts, sorts them by length in tokens (ties by id, so that the order is fixed) and cuts them into blocks. */
export function makeBlocks(texts: readonly IdentifiedText[], encodeText: EncodeText): TextBlock[] {
  const encoded = texts.map(({ id, text }) => ({ id, tokens: encodeText(text) }));
  encoded.sort((a, b) => a.tokens.length - b.tokens.length || (a.id < b.id ? -1 : 1));
  const blocks: TextBlock[] = [];
  for (let first = 0; first < encoded.length; first += BLOCK_TEXTS) {
    const group = encoded.slice(first, first + BLOCK_TEXTS);
    const rows = group.map(({ tokens }) => ({ ids: tokens }));
    blocks.push({ ...packRows(rows), textIds: group.map(({ id }) => id) });
  }
  return blocks;
}

/** Cuts a stream into lists of at most `size` items. */
export async function* chunksOf<Item>(
  items: AsyncIterable<Item>,
  size: number,
): AsyncGenerator<Item[]> {
  let chunk: Item[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
