import { join } from "node:path";
import { crc32 } from "node:zlib";
import { LimbeckError } from "../errors.ts";
import { IdIndex } from "./id-index.ts";
import { requireStore } from "./open-store.ts";
import { decodeRows } from "./rows.ts";
import { ID_BYTES, readShard, type ReadShard } from "./shard.ts";
import { listShards } from "./shard-files.ts";

/** What a store's files were found to be. */
export interface StoreCheck {
  digest: string;
  shards: number;
  /** Different texts. */
  texts: number;
  /** Rows of a text that an earlier shard has as well, with the same bits: room that merging gives back. */
  duplicates: number;
  /** The same with other bits. */
  conflicts: number;
  /** Rows with NaN or infinity. */
  notFinite: number;
  /** Shards that are not what their checksum says, or another store's. */
  damaged: { name: string; reason: string }[];
}

/** Enters a shard's rows. A row's CRC-32 is kept by the number of its id: two rows that differ have the same one once in 4·10⁹. */
class RowLedger {
  readonly index = new IdIndex();
  private sums = new Uint32Array(1024);
  duplicates = 0;
  conflicts = 0;

  add({ ids, rows }: ReadShard): void {
    const texts = ids.length / ID_BYTES;
    const width = rows.length / Math.max(1, texts);
    for (let row = 0; row < texts; row += 1) {
      const { size } = this.index;
      const number = this.index.addBytes(ids, row * ID_BYTES);
      const sum = crc32(rows.subarray(row * width, (row + 1) * width));
      if (number < size) {
        if (this.sums[number] === sum) this.duplicates += 1;
        else this.conflicts += 1;
        continue;
      }
      if (number >= this.sums.length) {
        const sums = new Uint32Array(this.sums.length * 2);
        sums.set(this.sums);
        this.sums = sums;
      }
      this.sums[number] = sum;
    }
  }
}

function countNotFinite(rows: Float32Array, width: number): number {
  let wrong = 0;
  for (let row = 0; row * width < rows.length; row += 1) {
    for (let column = 0; column < width; column += 1) {
      if (Number.isFinite(rows[row * width + column]!)) continue;
      wrong += 1;
      break;
    }
  }
  return wrong;
}

/**
 * Reads every shard of a store and holds it against its checksum, its teacher.json and the other shards. Nothing is
 * changed: what is damaged is moved aside when labelling goes on.
 *
 * @param progress - shards that are done, of how many
 * @throws LimbeckError `E_STORE` where teacher.json is not there, or does not have the digest that the folder is named by.
 */
export async function checkStore(
  root: string,
  progress: (done: number, total: number) => void,
): Promise<StoreCheck> {
  const { format } = await requireStore(root);
  const names = await listShards(root);
  const ledger = new RowLedger();
  const damaged: StoreCheck["damaged"] = [];
  let notFinite = 0;
  for (const [done, name] of names.entries()) {
    try {
      const shard = await readShard(join(root, name), format);
      ledger.add(shard);
      notFinite += countNotFinite(decodeRows(shard.rows, format.dtype), format.width);
    } catch (thrown) {
      if (!(thrown instanceof LimbeckError)) throw thrown;
      damaged.push({ name, reason: thrown.message });
    }
    progress(done + 1, names.length);
  }
  const { duplicates, conflicts } = ledger;
  const { digest } = format;
  return {
    ...{ digest, shards: names.length, texts: ledger.index.size, duplicates, conflicts },
    ...{ notFinite, damaged },
  };
}
