import { digestOf } from "../platform/digest.ts";
import type { IdentifiedText, TextId } from "../types.ts";

/** Texts that one worker labels at a time: a second or two of an encoder on two cores, which is what a kill can lose. */
export const DEFAULT_SHARD_TEXTS = 2048;
/** The same for a teacher that is paid by the answer. */
export const PAID_SHARD_TEXTS = 128;

/** A range of the corpus that is labelled and committed as one. */
export interface TextShard {
  /** Follows from the store and the ids: the name of its job, its texts' file and its labels' file. */
  name: string;
  /** Sorted by id. */
  texts: readonly IdentifiedText[];
}

/** The name of the shard that holds these ids of this store, 32 hexadecimal digits. */
export function nameShard(store: string, ids: readonly TextId[]): string {
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
 */
export function splitShards(options: {
  store: string;
  texts: readonly IdentifiedText[];
  missing: ReadonlySet<TextId>;
  size: number;
}): TextShard[] {
  const { store, missing, size } = options;
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`Expected shards of 1 text or more, got ${size}.`);
  const sorted = [...options.texts].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const shards: TextShard[] = [];
  for (let first = 0; first < sorted.length; first += size) {
    const texts = sorted.slice(first, first + size).filter(({ id }) => missing.has(id));
    if (texts.length === 0) continue;
    const ids = texts.map(({ id }) => id);
    shards.push({ name: nameShard(store, ids), texts });
  }
  return shards;
}
