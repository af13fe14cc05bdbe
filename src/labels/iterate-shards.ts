import { IdIndex } from "./id-index.ts";
import { provenanceIn, type Provenance } from "./provenance.ts";
import { decodeExtras } from "./read-places.ts";
import { decodeRows, type RowFormat } from "./rows.ts";
import { ID_BYTES, type PackedShard, type ReadShard } from "./shard.ts";
import { listShards, tryShard } from "./shard-files.ts";

/** A shard as those see it who go through a whole store. */
export interface StoredShard {
  name: string;
  ids: string[];
  /** `[ids.length, width]` */
  rows: Float32Array;
  /** `[ids.length, extras of the format]` */
  extras: Float32Array;
  provenance: Provenance;
  /** Key-value pairs of the file. */
  metadata: Readonly<Record<string, string>>;
}

/** Ids of 16 bytes each as hexadecimal digits. */
export function idsOf(bytes: Uint8Array): string[] {
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return Array.from({ length: bytes.length / ID_BYTES }, (_, row) =>
    digits.slice(row * 32, row * 32 + 32),
  );
}

/** Some rows of a packed shard. */
export function pickRows(shard: PackedShard, kept: readonly number[]): PackedShard {
  const texts = shard.ids.length / ID_BYTES;
  if (kept.length === texts) return shard;
  const pick = (bytes: Uint8Array): Uint8Array => {
    const width = bytes.length / texts;
    const picked = new Uint8Array(kept.length * width);
    kept.forEach((from, row) => {
      picked.set(bytes.subarray(from * width, (from + 1) * width), row * width);
    });
    return picked;
  };
  const { names, bytes } = shard.extras;
  return { ids: pick(shard.ids), rows: pick(shard.rows), extras: { names, bytes: pick(bytes) } };
}

/** Rows of a shard whose texts are not in the index yet; they are entered. */
export function freshRows({ ids }: PackedShard, seen: IdIndex): number[] {
  const fresh: number[] = [];
  for (let row = 0; row * ID_BYTES < ids.length; row += 1) {
    const { size } = seen;
    if (seen.addBytes(ids, row * ID_BYTES) === size) fresh.push(row);
  }
  return fresh;
}

/** Shards of a store one by one, damaged ones left out; those that appear meanwhile come as well. */
async function* eachShard(
  root: string,
  format: RowFormat,
): AsyncGenerator<{ name: string; shard: ReadShard }> {
  const seen = new Set<string>();
  for (;;) {
    const names = (await listShards(root)).filter((name) => !seen.has(name));
    if (names.length === 0) return;
    for (const name of names) {
      seen.add(name);
      const shard = await tryShard(root, name, format);
      if (shard !== "gone" && !("damaged" in shard)) yield { name, shard };
    }
  }
}

/** Shards of a store decoded; with `distinct` each text once. */
export async function* iterateShards(
  root: string,
  format: RowFormat,
  distinct: boolean,
): AsyncGenerator<StoredShard> {
  const seen = new IdIndex();
  for await (const { name, shard } of eachShard(root, format)) {
    const packed = distinct ? pickRows(shard, freshRows(shard, seen)) : shard;
    if (packed.ids.length === 0) continue;
    yield {
      name,
      ids: idsOf(packed.ids),
      rows: decodeRows(packed.rows, format.dtype),
      extras: decodeExtras(packed, format.extras),
      provenance: provenanceIn(shard.metadata),
      metadata: shard.metadata,
    };
  }
}
