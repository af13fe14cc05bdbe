import { IdIndex } from "./id-index.ts";
import { missingError } from "./label-store.ts";
import { requireStore } from "./open-store.ts";
import { openRows, RowCollector, type RowFormat } from "./rows.ts";
import { ID_BYTES, type ReadShard } from "./shard.ts";
import { listShards, tryShard, type ShardOutcome } from "./shard-files.ts";

/** Rows of a store for some texts. */
export interface Labels {
  /** `[N, C]` float32 in the order of the ids; 0 where a text has no row. */
  logits: Float32Array;
  /** Positions of the texts without a row, ascending. */
  missing: Int32Array;
}

interface Found extends Labels {
  /** What was found damaged, in sentences. */
  notes: string[];
}

/** Shards that are read ahead: reading, checking and copying then overlap. */
const AHEAD = 4;

async function* readAhead(
  root: string,
  names: readonly string[],
  format: RowFormat,
): AsyncGenerator<{ name: string; outcome: ShardOutcome }> {
  const reading: Promise<ShardOutcome>[] = [];
  let next = 0;
  for (const name of names) {
    while (next < names.length && reading.length < AHEAD) {
      const outcome = tryShard(root, names[next]!, format);
      // Thrown when its turn comes; until then nobody listens.
      outcome.catch(() => undefined);
      reading.push(outcome);
      next += 1;
    }
    yield { name, outcome: await reading.shift()! };
  }
}

/** The wanted texts, and the rows of them that were found so far. */
class Gathering {
  private readonly index = new IdIndex();
  /** First position of each distinct id. */
  private readonly first: Int32Array;
  private readonly found: Uint8Array;
  private readonly repeats: { from: number; place: number }[] = [];
  private readonly collector: RowCollector;
  private readonly texts: number;
  private readonly dtype: RowFormat["dtype"];
  private left: number;

  constructor(ids: readonly string[], format: RowFormat) {
    this.texts = ids.length;
    this.dtype = format.dtype;
    this.first = new Int32Array(ids.length);
    this.found = new Uint8Array(ids.length);
    this.collector = new RowCollector(ids.length, format.width);
    for (let place = 0; place < ids.length; place += 1) {
      const { size } = this.index;
      const number = this.index.add(ids[place]!);
      if (number === size) this.first[number] = place;
      else this.repeats.push({ from: this.first[number]!, place });
    }
    this.left = this.index.size;
  }

  get complete(): boolean {
    return this.left === 0;
  }

  add({ ids, rows }: ReadShard): void {
    const source = openRows(rows, this.dtype);
    for (let row = 0; row * ID_BYTES < ids.length; row += 1) {
      const number = this.index.findBytes(ids, row * ID_BYTES);
      if (number < 0) continue;
      const place = this.first[number]!;
      if (this.found[place] === 1) continue;
      this.collector.copy(source, row, place);
      this.found[place] = 1;
      this.left -= 1;
    }
  }

  finish(): Labels {
    for (const { from, place } of this.repeats) {
      this.collector.repeat(from, place);
      this.found[place] = this.found[from]!;
    }
    const missing: number[] = [];
    for (let place = 0; place < this.texts; place += 1)
      if (this.found[place] === 0) missing.push(place);
    return { logits: this.collector.matrix, missing: Int32Array.from(missing) };
  }
}

/** One pass over the shards, without an index of the whole store. */
async function gather(root: string, format: RowFormat, ids: readonly string[]): Promise<Found> {
  const gathering = new Gathering(ids, format);
  const notes: string[] = [];
  const seen = new Set<string>();
  // Again while shards vanish: they were merged into new ones, which a new list has.
  for (let vanished = true; vanished && !gathering.complete;) {
    vanished = false;
    const names = (await listShards(root)).filter((name) => !seen.has(name));
    for await (const { name, outcome } of readAhead(root, names, format)) {
      seen.add(name);
      if (outcome === "gone") vanished = true;
      else if ("damaged" in outcome) notes.push(`${name} is damaged.`);
      else gathering.add(outcome);
    }
  }
  return { ...gathering.finish(), notes };
}

/**
 * A teacher's logits for some texts as far as they are there, joined by id.
 *
 * @param storeFolder - the store's own folder, `<labels folder>/<teacher digest>`; nothing in it is changed
 * @throws LimbeckError `E_STORE` when there is no store or it does not match its name.
 */
export async function readLabels(storeFolder: string, ids: readonly string[]): Promise<Labels> {
  const { format } = await requireStore(storeFolder);
  const { logits, missing } = await gather(storeFolder, format, ids);
  return { logits, missing };
}

/**
 * A teacher's logits for some texts, joined by id.
 *
 * @param storeFolder - the store's own folder, `<labels folder>/<teacher digest>`; nothing in it is changed
 * @returns `[N, C]` float32 in the order of `ids`, classes in the order of teacher.json's `labels`
 * @throws LimbeckError `E_STORE` when there is no store, it does not match its name, or a text has no logits: how many
 *   and one of them.
 */
export async function readLogits(
  storeFolder: string,
  ids: readonly string[],
): Promise<Float32Array> {
  const { format } = await requireStore(storeFolder);
  const { logits, missing, notes } = await gather(storeFolder, format, ids);
  if (missing.length === 0) return logits;
  const absent = [...new Set(Array.from(missing, (place) => ids[place]!))];
  throw missingError(storeFolder, { texts: ids.length, missing: absent, notes });
}
