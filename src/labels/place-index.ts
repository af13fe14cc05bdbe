import { IdIndex } from "./id-index.ts";
import { ID_BYTES } from "./shard.ts";

/** Where each text's row lies: by id the shard and the row in it, in some 40 bytes a text. */
export class PlaceIndex {
  private readonly ids = new IdIndex();
  private shards = new Int32Array(64);
  private rows = new Int32Array(64);
  private readonly names: string[] = [];
  private readonly known = new Set<string>();

  /** Number of texts. */
  get size(): number {
    return this.ids.size;
  }

  has(id: string): boolean {
    return this.ids.find(id) >= 0;
  }

  hasShard(name: string): boolean {
    return this.known.has(name);
  }

  /** A text's place, or null. */
  find(id: string): { shard: string; row: number } | null {
    const at = this.ids.find(id);
    return at < 0 ? null : { shard: this.names[this.shards[at]!]!, row: this.rows[at]! };
  }

  /** Enters a shard's rows; of two rows of a text the first that is found counts. @param ids - 16 bytes each */
  add(name: string, ids: Uint8Array): void {
    const shard = this.names.push(name) - 1;
    this.known.add(name);
    for (let row = 0; row * ID_BYTES < ids.length; row += 1) {
      const { size } = this.ids;
      const at = this.ids.addBytes(ids, row * ID_BYTES);
      if (at < size) continue;
      if (at >= this.shards.length) this.grow();
      this.shards[at] = shard;
      this.rows[at] = row;
    }
  }

  /** Remembers a shard that gives no rows, so that it is not read again. */
  skip(name: string): void {
    this.known.add(name);
  }

  private grow(): void {
    const [shards, rows] = [this.shards, this.rows];
    this.shards = new Int32Array(shards.length * 2);
    this.rows = new Int32Array(rows.length * 2);
    this.shards.set(shards);
    this.rows.set(rows);
  }
}
