import { tryShard, type ShardOutcome } from "./shard-files.ts";
import type { RowFormat } from "./rows.ts";
import type { ReadShard } from "./shard.ts";

/** Bytes of shards that are kept: neighbouring texts mostly lie in the same shard, and a merged one is large. */
const KEPT_BYTES = 128 << 20;

/** Shards that were read last, as they lie in their files. */
export class ShardCache {
  private readonly root: string;
  private readonly format: Omit<RowFormat, "extras">;
  /** The one that was used last at the end. */
  private readonly kept = new Map<string, ReadShard>();
  private bytes = 0;

  constructor(root: string, format: Omit<RowFormat, "extras">) {
    this.root = root;
    this.format = format;
  }

  async load(name: string): Promise<ShardOutcome> {
    const shard = this.take(name) ?? (await tryShard(this.root, name, this.format));
    if (shard === "gone" || "damaged" in shard) return shard;
    this.take(name);
    this.kept.set(name, shard);
    this.bytes += sizeOf(shard);
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= KEPT_BYTES || oldest === name) break;
      this.take(oldest);
    }
    return shard;
  }

  clear(): void {
    this.kept.clear();
    this.bytes = 0;
  }

  private take(name: string): ReadShard | undefined {
    const shard = this.kept.get(name);
    if (shard !== undefined && this.kept.delete(name)) this.bytes -= sizeOf(shard);
    return shard;
  }
}

function sizeOf({ ids, rows, extras }: ReadShard): number {
  return ids.length + rows.length + extras.bytes.length;
}
