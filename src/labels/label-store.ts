import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { explainFileError, writeFileAtomic } from "../platform/files.ts";
import { ensureDescription, type Description } from "./description.ts";
import { encodeShard, readShard, type RowFormat, type Shard } from "./shard.ts";

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
  /** Files to keep beside the rows, such as a head's weights. */
  files?: Readonly<Record<string, Uint8Array>>;
}

/** Where a text's row lies. */
interface Place {
  shard: string;
  row: number;
}

/** Decoded shards that are kept: neighbouring texts mostly lie in neighbouring shards. */
const CACHED_SHARDS = 16;
const SHARD = /^part-.*\.parquet$/;
/** A temporary file this old belongs to no process that still writes. */
const STALE_MILLISECONDS = 3_600_000;

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
  private readonly places = new Map<string, Place>();
  /** Shards that are on disk or were: names are never used for other content. */
  private readonly shards = new Set<string>();
  /** The decoded shards, the one that was used last at the end. */
  private readonly cache = new Map<string, Shard>();

  constructor(root: string, format: RowFormat) {
    this.root = root;
    this.format = format;
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
   * @throws LimbeckError `E_DISK`; the shard is then there as a whole or not at all.
   */
  async append(ids: readonly string[], rows: Float32Array): Promise<void> {
    const { width } = this.format;
    if (rows.length !== ids.length * width) {
      throw new RangeError(
        `Expected ${ids.length} rows of ${width} numbers, got ${rows.length} numbers.`,
      );
    }
    const fresh = this.missing(ids);
    if (fresh.length === 0) return;
    const positions = new Map(ids.map((id, row) => [id, row]));
    const kept = new Float32Array(fresh.length * width);
    fresh.forEach((id, row) => {
      const from = positions.get(id)! * width;
      kept.set(rows.subarray(from, from + width), row * width);
    });
    const { name, bytes } = encodeShard({ ids: fresh, rows: kept }, this.format);
    await writeFileAtomic(join(this.root, name), bytes);
    this.register(name, fresh);
  }

  /**
   * Rows in the order of `ids`, `[ids.length, width]`; each shard is read once.
   *
   * @throws LimbeckError `E_STORE` naming how many are missing and one of them.
   */
  async read(ids: readonly string[]): Promise<Float32Array> {
    this.requireAll(ids);
    const { width } = this.format;
    const wanted = new Map<string, { row: number; target: number }[]>();
    ids.forEach((id, target) => {
      const { shard, row } = this.places.get(id)!;
      const list = wanted.get(shard);
      if (list === undefined) wanted.set(shard, [{ row, target }]);
      else list.push({ row, target });
    });
    const result = new Float32Array(ids.length * width);
    for (const [shard, list] of wanted) {
      const { rows } = await this.load(shard);
      for (const { row, target } of list)
        result.set(rows.subarray(row * width, (row + 1) * width), target * width);
    }
    return result;
  }

  /** Forgets the index; the files stay. */
  close(): void {
    this.places.clear();
    this.shards.clear();
    this.cache.clear();
  }

  /**
   * Reads the index of shards that are not in it yet: those of an earlier run, or of another process by now.
   *
   * @param damaged - told of each shard that cannot be used
   */
  async refresh(damaged: (name: string, reason: LimbeckError) => Promise<void>): Promise<void> {
    for (const name of (await readdir(this.root)).sort()) {
      if (!SHARD.test(name) || this.shards.has(name)) continue;
      try {
        const { ids } = await readShard(join(this.root, name), this.format);
        this.register(name, ids);
      } catch (thrown) {
        if (!(thrown instanceof LimbeckError) || thrown.code !== "E_DATA") throw thrown;
        await damaged(name, thrown);
      }
    }
  }

  private async load(name: string): Promise<Shard> {
    const shard = this.cache.get(name) ?? (await readShard(join(this.root, name), this.format));
    this.cache.delete(name);
    this.cache.set(name, shard);
    if (this.cache.size > CACHED_SHARDS) this.cache.delete(this.cache.keys().next().value!);
    return shard;
  }

  private register(name: string, ids: readonly string[]): void {
    this.shards.add(name);
    ids.forEach((id, row) => {
      if (!this.places.has(id)) this.places.set(id, { shard: name, row });
    });
  }

  private requireAll(ids: readonly string[]): void {
    const missing = this.missing(ids);
    if (missing.length === 0) return;
    const damaged = this.notes.length === 0 ? "" : ` ${this.notes.join(" ")}`;
    throw new LimbeckError(
      "E_STORE",
      `Expected labels for ${ids.length} texts in ${this.root}, got none for ${missing.length} of them, such as ` +
        `${missing[0]!}.${damaged} Label them: limbeck run RECIPE --from label.`,
    );
  }
}

/** Damaged shards leave the way of the resumed run, yet stay to be looked at. */
async function moveAside(root: string, name: string): Promise<void> {
  await mkdir(join(root, "damaged"), { recursive: true });
  await rename(join(root, name), join(root, "damaged", name));
}

async function removeStaleTemporaries(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.endsWith(".tmp")) continue;
    const path = join(root, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > STALE_MILLISECONDS)
      await rm(path, { force: true });
  }
}

/**
 * Opens a store to read and append; makes it where there is none. A shard that was cut short or damaged is moved to
 * `damaged/`, so that its texts are missing and computed again; the store's `notes` say so.
 *
 * @throws LimbeckError `E_STORE` when the folder is another teacher's, naming the difference; `E_DISK`.
 */
export async function openLabelStore(options: LabelStoreOptions): Promise<LabelStore> {
  const { folder, description, digest, width, dtype = "float32", files = {} } = options;
  const store = new LabelStore(join(folder, digest), { digest, width, dtype });
  try {
    await mkdir(store.root, { recursive: true });
    await removeStaleTemporaries(store.root);
    await ensureDescription(store.root, description);
    for (const [name, bytes] of Object.entries(files))
      await writeFileAtomic(join(store.root, name), bytes);
    await store.refresh(async (name, reason) => {
      await moveAside(store.root, name);
      store.notes.push(
        `${name} was damaged (${reason.message}) and moved to damaged/; its texts are computed again.`,
      );
    });
  } catch (thrown) {
    throw explainFileError(thrown, store.root);
  }
  return store;
}
