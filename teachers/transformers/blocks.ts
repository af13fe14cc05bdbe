import { rangeOf } from "../../src/labels/ranges.ts";
import type { IdentifiedText } from "../../src/types.ts";
import { packRows, type TokenBlock } from "./pack.ts";
import type { EncodeText } from "./text-encoder.ts";

/** Texts that a worker is given at a time: enough to hide the hand-over, little enough to stop soon. */
export const BLOCK_TEXTS = 128;
/** Blocks per worker between tokenizing and use: answers come in their order, and a short block waits for a long one. */
export const BLOCKS_IN_FLIGHT = 4;
/** Texts that are sorted by length together: neighbours then differ by a token or two, and memory stays flat. */
export const CHUNK_TEXTS = 2048;

export interface TextBlock extends TokenBlock {
  /** Of the texts in the block's order. */
  textIds: string[];
}

/** Texts that are between tokenizing and use at a time. */
export function textsInFlight(workers: number): number {
  return BLOCKS_IN_FLIGHT * workers * BLOCK_TEXTS;
}

/**
 * Cuts rows that are sorted by length into groups of a block's size, and gives the longest group first: what the workers
 * end with, one of them idle, is then short.
 */
export function cutLongestFirst<Row>(sorted: readonly Row[]): Row[][] {
  const groups: Row[][] = [];
  for (let first = 0; first < sorted.length; first += BLOCK_TEXTS)
    groups.push(sorted.slice(first, first + BLOCK_TEXTS));
  return groups.reverse();
}

/**
 * Tokenizes texts, sorts them by length in tokens (ties by id, so that the order is fixed) and cuts them into blocks, the
 * longest block first.
 */
export function makeBlocks(texts: readonly IdentifiedText[], encodeText: EncodeText): TextBlock[] {
  const encoded = texts.map(({ id, text }) => ({ id, tokens: encodeText(text) }));
  encoded.sort((a, b) => a.tokens.length - b.tokens.length || (a.id < b.id ? -1 : 1));
  return cutLongestFirst(encoded).map((group) => {
    const rows = group.map(({ tokens }) => ({ ids: tokens }));
    return { ...packRows(rows), textIds: group.map(({ id }) => id) };
  });
}

/**
 * Blocks for a model whose answer to a text depends on the texts beside it: each range of ids is cut for itself, from all
 * its texts, so that a text has the same neighbours whatever was answered before. Blocks without a wanted text are left out.
 *
 * @param texts - whole ranges, as a teacher with `plan: "fixed"` is given them
 */
export function makeFixedBlocks(
  texts: readonly IdentifiedText[],
  wanted: ReadonlySet<string>,
  encodeText: EncodeText,
): TextBlock[] {
  const ranges = new Map<number, IdentifiedText[]>();
  for (const text of texts) {
    const range = rangeOf(text.id);
    const list = ranges.get(range);
    if (list === undefined) ranges.set(range, [text]);
    else list.push(text);
  }
  return [...ranges.values()]
    .filter((list) => list.some(({ id }) => wanted.has(id)))
    .flatMap((list) => makeBlocks(list, encodeText))
    .filter(({ textIds }) => textIds.some((id) => wanted.has(id)));
}

/** Texts of the first chunk: the workers begin with it while the next, twice as large, is tokenized. */
const FIRST_TEXTS = 2 * BLOCK_TEXTS;

/** Cuts a stream into lists of at most `size` items; the first are shorter, so that the work on them begins soon. */
export async function* chunksOf<Item>(
  items: AsyncIterable<Item>,
  size: number,
): AsyncGenerator<Item[]> {
  let room = Math.min(FIRST_TEXTS, size);
  let chunk: Item[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < room) continue;
    yield chunk;
    chunk = [];
    room = Math.min(2 * room, size);
  }
  if (chunk.length > 0) yield chunk;
}

/** Cuts a stream that comes range of ids after range into lists of whole ranges, of `size` texts or little more. */
export async function* rangesOf<Text extends IdentifiedText>(
  texts: AsyncIterable<Text>,
  size: number,
): AsyncGenerator<Text[]> {
  let chunk: Text[] = [];
  for await (const text of texts) {
    if (chunk.length >= size && rangeOf(chunk.at(-1)!.id) !== rangeOf(text.id)) {
      yield chunk;
      chunk = [];
    }
    chunk.push(text);
  }
  if (chunk.length > 0) yield chunk;
}
