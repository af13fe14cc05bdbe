import type { PlaceIndex } from "./place-index.ts";
import { decodeFloat32, openRows, RowCollector, type RowFormat, type RowSource } from "./rows.ts";
import { ID_BYTES, type PackedShard } from "./shard.ts";
import type { ShardCache } from "./shard-cache.ts";

/** What is read: the rows themselves, or what is kept beside them. */
export type Wanted = "rows" | "extras";

/** Extras by the names of the store: NaN where a shard has none of that name. */
export function decodeExtras(
  { ids, extras }: PackedShard,
  names: readonly string[],
): Float32Array<ArrayBuffer> {
  const texts = ids.length / ID_BYTES;
  const own = decodeFloat32(extras.bytes);
  if (names.join("\0") === extras.names.join("\0")) return own;
  const result = new Float32Array(texts * names.length).fill(NaN);
  for (const [column, name] of names.entries()) {
    const from = extras.names.indexOf(name);
    for (let row = 0; from >= 0 && row < texts; row += 1)
      result[row * names.length + column] = own[row * extras.names.length + from]!;
  }
  return result;
}

/** Positions by the shard that their rows lie in. */
function byShard(
  places: PlaceIndex,
  ids: readonly string[],
): Map<string, { row: number; place: number }[]> {
  const wanted = new Map<string, { row: number; place: number }[]>();
  ids.forEach((id, place) => {
    const { shard, row } = places.find(id)!;
    const list = wanted.get(shard);
    if (list === undefined) wanted.set(shard, [{ row, place }]);
    else list.push({ row, place });
  });
  return wanted;
}

/**
 * Rows of texts that all have a place, each shard read once.
 *
 * @returns `[ids.length, width]`, or `gone` where a shard has been merged into another one since.
 */
export async function readPlaces({
  cache,
  format,
  places,
  ids,
  what,
}: {
  cache: ShardCache;
  format: RowFormat;
  places: PlaceIndex;
  ids: readonly string[];
  what: Wanted;
}): Promise<Float32Array | "gone"> {
  const { width, dtype, extras } = format;
  const collector = new RowCollector(ids.length, what === "rows" ? width : extras.length);
  for (const [name, list] of byShard(places, ids)) {
    const shard = await cache.load(name);
    if (shard === "gone") return "gone";
    if ("damaged" in shard) throw shard.damaged;
    const source: RowSource =
      what === "rows"
        ? openRows(shard.rows, dtype)
        : { dtype: "float32", numbers: decodeExtras(shard, extras) };
    for (const { row, place } of list) collector.copy(source, row, place);
  }
  return collector.matrix;
}
