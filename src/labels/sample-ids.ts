import { Random } from "../math/random.ts";

/**
 * Some of the items, the same ones whatever the order that they come in.
 *
 * @param count - how many at most
 */
export function sampleById<Item extends { id: string }>(
  items: readonly Item[],
  count: number,
  seed: string,
): Item[] {
  const sorted = items.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return new Random(seed).shuffle(sorted).slice(0, count);
}
