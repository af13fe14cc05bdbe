import { rangeOf } from "../labels/ranges.ts";
import { digestOf } from "../platform/digest.ts";
import type { IdentifiedText, TextId } from "../types.ts";

/** Texts that one worker labels at a time: a second or two of an encoder on two cores, which is what a kill can lose. */
export const DEFAULT_SHARD_TEXTS = 2048;
/** The same for a teacher that is paid by the answer. */
export const PAID_SHARD_TEXTS = 128;

/** A range of the corpus that is labelled and committed as one. */
export interface TextShard {
  /** Follows from the store and the texts: the name of its job, its texts' file and its labels' file. */
  name: string;
  /** Sorted by id. Known ones only take their places beside the others. */
  texts: readonly IdentifiedText[];
  /** How many of them are to be labelled. */
  missing: number;
}

/** The name of the shard that holds these texts of this store, 32 hexadecimal digits. */
export function nameShard(store: string, texts: readonly IdentifiedText[]): string {
  const ids = texts.map(({ id, known }) => (known === true ? `${id} known` : id));
  return digestOf({ store, ids }).slice(0, 32);
}

/** BullMQ's id of a shard's job: a second job of this id is not added. Colons and bare numbers are not allowed there. */
export function jobIdOf(store: string, name: string): string {
  return `${store.slice(0, 16)}-${name}`;
}

/**
 * Cuts a corpus into ranges of ids and keeps of each what is missing. The ranges are those of the whole corpus, so that
 * they are the same however much of it is labelled: a producer that starts again asks for the same shards.
 *
 * @param texts - each id once, in any order
 * @param size - most texts per shard
 * @param fixed - for a teacher whose answers depend on the texts beside: shards are the store's own ranges, whole, so
 *   that the blocks are those of any other labelling of this corpus
 */
export function splitShards(options: {
  store: string;
  texts: readonly IdentifiedText[];
  missing: ReadonlySet<TextId>;
  size: number;
  fixed?: boolean;
}): TextShard[] {
  const { store, missing, size, fixed = false } = options;
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`Expected shards of 1 text or more, got ${size}.`);
  const sorted = [...options.texts].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const shards: TextShard[] = [];
  for (const range of fixed ? wholeRanges(sorted) : rangesOf(sorted, size)) {
    const wanted = range.filter(({ id }) => missing.has(id));
    if (wanted.length === 0) continue;
    const known = (text: IdentifiedText) =>
      missing.has(text.id) ? text : { ...text, known: true };
    const texts = fixed ? range.map(known) : wanted;
    shards.push({ name: nameShard(store, texts), texts, missing: wanted.length });
  }
  return shards;
}

function* rangesOf(sorted: readonly IdentifiedText[], size: number): Generator<IdentifiedText[]> {
  for (let first = 0; first < sorted.length; first += size) yield sorted.slice(first, first + size);
}

function* wholeRanges(sorted: readonly IdentifiedText[]): Generator<IdentifiedText[]> {
  let first = 0;
  for (let end = 1; end <= sorted.length; end += 1) {
    const next = sorted[end];
    if (next !== undefined && rangeOf(next.id) === rangeOf(sorted[first]!.id)) continue;
    yield sorted.slice(first, end);
    first = end;
  }
}
