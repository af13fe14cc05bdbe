import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { writeFileOnce } from "../platform/exclusive.ts";
import { explainFileError, writeFileAtomic } from "../platform/files.ts";
import { ensureDescription, type Description } from "./description.ts";
import { PlaceIndex } from "./place-index.ts";
import { provenanceHere } from "./provenance.ts";
import { readPlaces, type Wanted } from "./read-places.ts";
import type { RowFormat } from "./rows.ts";
import { encodeShard, packShard } from "./shard.ts";
import { ShardCache } from "./shard-cache.ts";
import { listShards, moveAside, removeStaleTemporaries, tryShard } from "./shard-files.ts";
import { iterateShards, type StoredShard } from "./iterate-shards.ts";

/** Texts per shard: about a third of a second of labelling, which is what a kill can lose. */
export const SHARD_TEXTS = 512;

export interface LabelStoreOptions {
  /** `.limbeck/labels`; the store's own folder is `<folder>/<digest>`. */
  folder: string;
  description: Description;
  /** SHA-256 of the description's canonical JSON. */
  digest: string;
  /** Numbers per text. */
  width: number;
  /** Default float32. */
  dtype?: RowFormat["dtype"];
  /** Names of the numbers to keep beside each row. Default none. */
  extras?: readonly string[];
  /** Files to keep beside the rows, such as a head's weights. */
  files?: Readonly<Record<string, Uint8Array>>;
}

/** A shard that cannot be used, and why. */
export interface DamagedShard {
  name: string;
  reason: LimbeckError;
}

/** Compactions that may pass while rows are read: each makes shards vanish, and more than one is already rare. */
const RELOADS = 20;

/**
 * Rows of numbers by text id on disk: a teacher's logits, or an encoder's vectors. Shards are immutable and committed by
 * rename, so a kill loses at most the rows that were not appended, and several processes may append at once: the same
 * text's row is the same whoever computed it, and of two the first that is found counts.
 */
export class LabelStore {
  /** The store's own folder. */
  readonly root: string;
  readonly format: RowFormat;
  /** What was found damaged, in sentences. */
  readonly notes: string[] = [];
  private readonly onDamage: (damaged: DamagedShard) => Promise<string>;
  private places = new PlaceIndex();
  private readonly cache: ShardCache;
  private readonly extrasFound = new Set<string>();

  /** @param onDamage - told of each shard that cannot be used; gives the note that is kept of it */
  constructor(
    root: string,
    format: RowFormat,
    onDamage: (damaged: DamagedShard) => Promise<string> = ({ name }) =>
      Promise.resolve(`${name} is damaged.`),
  ) {
    this.root = root;
    this.format = format;
    this.onDamage = onDamage;
    this.cache = new ShardCache(root, format);
  }

  /** Names of extras in the shards, sorted. */
  get extras(): string[] {
    return [...this.extrasFound].sort();
  }

  /** Number of texts that have a row. */
  get size(): number {
    return this.places.size;
  }

  has(id: string): boolean {
    return this.places.has(id);
  }

  /** The ids that have no row yet, each once, in the order given. */
  missing(ids: Iterable<string>): string[] {
    return [...new Set(ids)].filter((id) => !this.places.has(id));
  }

  /**
   * Commits rows: when the promise resolves they survive a power cut. Texts that have a row already are left out.
   *
   * @param rows - `[ids.length, width]`
   * @param extras - `[ids.length, format.extras.length]`; default NaN
   * @throws LimbeckError `E_DISK`; the shard is then there as a whole or not at all.
   */
  async append(ids: readonly string[], rows: Float32Array, extras?: Float32Array): Promise<void> {
    const beside = this.checkRows(ids, rows, extras);
    const fresh = new Set(this.missing(ids));
    if (fresh.size === 0) return;
    // Deleting says whether the text was still to come: each once.
    const kept = ids.flatMap((id, row) => (fresh.delete(id) ? [row] : []));
    const shard = {
      ids: kept.map((row) => ids[row]!),
      rows: takeRows(rows, kept, this.format.width),
      extras: takeRows(beside, kept, this.format.extras.length),
    };
    const packed = packShard(shard, this.format);
    const { name, bytes } = encodeShard(packed, this.format, provenanceHere());
    await writeFileAtomic(join(this.root, name), bytes);
    this.places.add(name, packed.ids);
  }

  /**
   * Commits rows as the shard `part-<name>.parquet`, all of them, unless a shard of that name is there: work that is
   * handed out more than once is so done once.
   *
   * @param name - letters, digits and hyphens
   * @returns whether these rows were committed.
   * @throws LimbeckError `E_DISK`; the shard is then there as a whole or not at all.
   */
  async appendOnce(
    name: string,
    ids: readonly string[],
    rows: Float32Array,
    extras?: Float32Array,
  ): Promise<boolean> {
    if (!/^[a-z0-9-]+$/i.test(name))
      throw new RangeError(`Expected a shard's name of letters, digits and hyphens, got ${name}.`);
    const beside = this.checkRows(ids, rows, extras);
    const packed = packShard({ ids, rows, extras: beside }, this.format);
    const { bytes } = encodeShard(packed, this.format, provenanceHere());
    const file = `part-${name}.parquet`;
    const written = await writeFileOnce(join(this.root, file), bytes);
    if (written) this.places.add(file, packed.ids);
    return written;
  }

  /**
   * Rows in the order of `ids`, `[ids.length, width]`; each shard is read once.
   *
   * @throws LimbeckError `E_STORE` naming how many are missing and one of them.
   */
  read(ids: readonly string[]): Promise<Float32Array> {
    return this.readWhat(ids, "rows");
  }

  /** What is kept beside the rows, `[ids.length, format.extras.length]`: NaN where a row came without. @throws as `read` */
  readExtras(ids: readonly string[]): Promise<Float32Array> {
    return this.readWhat(ids, "extras");
  }

  /**
   * Every shard that is whole, one at a time.
   *
   * @param distinct - leaves out rows of texts that an earlier shard had. Default false.
   */
  shards({ distinct = false } = {}): AsyncGenerator<StoredShard> {
    return iterateShards(this.root, this.format, distinct);
  }

  /** Forgets the index; the files stay. */
  close(): void {
    this.places = new PlaceIndex();
    this.cache.clear();
  }

  /** Reads the index of shards that are not in it yet: those of an earlier run, or of another process by now. */
  async refresh(): Promise<void> {
    for (const name of await listShards(this.root)) {
      if (this.places.hasShard(name)) continue;
      const shard = await tryShard(this.root, name, this.format);
      if (shard === "gone") continue;
      if (!("damaged" in shard)) {
        this.places.add(name, shard.ids);
        for (const extra of shard.extras.names) this.extrasFound.add(extra);
        continue;
      }
      this.places.skip(name);
      this.notes.push(await this.onDamage({ name, reason: shard.damaged }));
    }
  }

  private async readWhat(ids: readonly string[], what: Wanted): Promise<Float32Array> {
    for (let reloads = 0; ; reloads += 1) {
      this.requireAll(ids);
      const { cache, format, places } = this;
      const rows = await readPlaces({ cache, format, places, ids, what });
      if (rows !== "gone") return rows;
      if (reloads === RELOADS)
        throw new LimbeckError(
          "E_STORE",
          `Expected the shards in ${this.root} to stay, got one that vanished ${RELOADS} times. ` +
            "Stop whatever removes files there and give the command again.",
        );
      // Another process has merged shards: the rows lie elsewhere now.
      this.close();
      await this.refresh();
    }
  }

  private checkRows(
    ids: readonly string[],
    rows: Float32Array,
    extras: Float32Array | undefined,
  ): Float32Array {
    const { width, extras: names } = this.format;
    const beside = extras ?? new Float32Array(ids.length * names.length).fill(NaN);
    if (rows.length !== ids.length * width || beside.length !== ids.length * names.length) {
      throw new RangeError(
        `Expected ${ids.length} rows of ${width} numbers and ${names.length} extras, ` +
          `got ${rows.length} numbers and ${beside.length} extras.`,
      );
    }
    return beside;
  }

  private requireAll(ids: readonly string[]): void {
    if (ids.every((id) => this.places.has(id))) return;
    const missing = this.missing(ids);
    throw missingError(this.root, { texts: ids.length, missing, notes: this.notes });
  }
}

function takeRows(rows: Float32Array, kept: readonly number[], width: number): Float32Array {
  if (kept.length * width === rows.length) return rows;
  const taken = new Float32Array(kept.length * width);
  kept.forEach((from, row) => {
    taken.set(rows.subarray(from * width, (from + 1) * width), row * width);
  });
  return taken;
}

/** What to say where texts have no row. */
export function missingError(
  root: string,
  {
    texts,
    missing,
    notes,
  }: { texts: number; missing: readonly string[]; notes: readonly string[] },
): LimbeckError {
  const damaged = notes.length === 0 ? "" : ` ${notes.join(" ")}`;
  return new LimbeckError(
    "E_STORE",
    `Expected labels for ${texts} texts in ${root}, got none for ${missing.length} of them, such as ` +
      `${missing[0]!}.${damaged} Label them: limbeck run RECIPE --from label.`,
  );
}

/**
 * Opens a store to read and append; makes it where there is none. A shard that was cut short or damaged is moved to
 * `damaged/`, so that its texts are missing and computed again; the store's `notes` say so.
 *
 * @throws LimbeckError `E_STORE` when the folder is another teacher's, naming the difference; `E_DISK`.
 */
export async function openLabelStore(options: LabelStoreOptions): Promise<LabelStore> {
  const { folder, description, digest, width, files = {} } = options;
  const { dtype = "float32", extras = [] } = options;
  const root = join(folder, digest);
  const store = new LabelStore(root, { digest, width, dtype, extras }, async ({ name, reason }) => {
    await moveAside(root, name);
    return `${name} was damaged (${reason.message}) and moved to damaged/; its texts are computed again.`;
  });
  try {
    await mkdir(root, { recursive: true });
    await removeStaleTemporaries(root);
    await ensureDescription(root, description);
    for (const [name, bytes] of Object.entries(files))
      await writeFileAtomic(join(root, name), bytes);
    await store.refresh();
  } catch (thrown) {
    throw explainFileError(thrown, root);
  }
  return store;
}
