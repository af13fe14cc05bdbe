import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { writeFileAtomic } from "../platform/files.ts";
import { Claims, type ClaimTimes } from "./claims.ts";
import { IdIndex } from "./id-index.ts";
import { freshRows, pickRows } from "./iterate-shards.ts";
import type { RowFormat } from "./rows.ts";
import { encodeShard, ID_BYTES, NUMBER_BYTES, type PackedShard, type ReadShard } from "./shard.ts";
import { listShards, tryShard } from "./shard-files.ts";

/** Shards of fewer rows are merged, or of half of what a merged one may hold, if that is less. */
const SMALL_ROWS = 16_384;
/** Rows and bytes of a merged shard, at most: what is held in memory four times, the writer's growing page counted. */
const MERGED_ROWS = 65_536;
const MERGED_BYTES = 16 << 20;

export interface CompactOptions {
  /** The store's own folder. */
  root: string;
  format: RowFormat;
  /** Fewer small shards than this are left as they are. Default 8. */
  least?: number;
  /** Default: rows of a small shard, see above. */
  smallRows?: number;
  times?: Partial<ClaimTimes>;
}

export interface Compaction {
  /** Shards that were merged and are gone. */
  merged: number;
  /** Shards that were written instead. */
  written: number;
  /** Rows of texts that another shard had as well, left out. */
  duplicates: number;
}

const NOTHING: Compaction = { merged: 0, written: 0, duplicates: 0 };
/** The claim that one who compacts holds: one at a time. */
const CLAIM = "compaction";

/**
 * Merges a store's small shards into larger ones. The large ones are committed before the small ones are removed, so a
 * kill in between leaves rows twice, which readers take once and the next compaction removes; no row is ever without a
 * shard. Readers whose shard has gone look for the row again. Where another process compacts, nothing is done.
 *
 * @throws LimbeckError `E_DISK`; `E_STORE` where a shard belongs to another store.
 */
export async function compact(options: CompactOptions): Promise<Compaction> {
  const { root, format, least = 8 } = options;
  // Else what was merged would be merged again each time.
  const smallRows = options.smallRows ?? Math.min(SMALL_ROWS, mostRows(format) / 2);
  const folder = join(root, "claims");
  const idle = (await smallShards(root, format, smallRows)).length < least;
  // Where nothing is to be merged and nobody's claims lie about, there is nothing to do.
  if (idle && (await readdir(folder).catch(() => [])).length === 0) return NOTHING;
  const claims = await Claims.open(folder, options.times);
  try {
    // Closing clears away what one left behind who was killed as he merged.
    if (idle) return NOTHING;
    if ((await claims.claim([CLAIM])).length === 0) return NOTHING;
    const small = await smallShards(root, format, smallRows);
    return small.length < least ? NOTHING : await merge(root, format, new Set(small));
  } finally {
    await claims.close();
  }
}

function rowBytes({ width, dtype, extras }: RowFormat): number {
  return ID_BYTES + width * NUMBER_BYTES[dtype] + extras.length * 4;
}

/** Rows of a merged shard. */
function mostRows(format: RowFormat): number {
  return Math.max(1, Math.min(MERGED_ROWS, Math.floor(MERGED_BYTES / rowBytes(format))));
}

/** Names of the shards with few rows, told by the size of their files. */
async function smallShards(root: string, format: RowFormat, rows: number): Promise<string[]> {
  const bytes = rowBytes(format);
  const small: string[] = [];
  for (const name of await listShards(root)) {
    const found = await stat(join(root, name)).catch(() => null);
    if (found !== null && found.size < rows * bytes) small.push(name);
  }
  return small;
}

/** What may be merged with what: rows that were computed alike, so that a merged shard still says where. */
function kindOf({ metadata, extras }: ReadShard): string {
  return JSON.stringify([metadata["runtime"], metadata["processor"], extras.names]);
}

interface Source {
  name: string;
  /** First of its ids: neighbours in a merged shard are neighbours among the ids. */
  first: string;
  kind: string;
  rows: number;
}

/** All that is needed to know of the shards before any is merged: one pass over the store, verified. */
async function survey(
  root: string,
  format: RowFormat,
  small: ReadonlySet<string>,
): Promise<{ seen: IdIndex; sources: Source[] }> {
  const seen = new IdIndex();
  const sources: Source[] = [];
  for (const name of await listShards(root)) {
    const shard = await tryShard(root, name, format);
    if (shard === "gone" || "damaged" in shard) continue;
    // Rows of shards that stay are not needed from any other.
    if (!small.has(name)) freshRows(shard, seen);
    else sources.push(describeSource(name, shard));
  }
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  sources.sort((a, b) => order(a.kind, b.kind) || order(a.first, b.first));
  return { seen, sources };
}

function describeSource(name: string, shard: ReadShard): Source {
  const texts = shard.ids.length / ID_BYTES;
  let first = "~";
  for (let row = 0; row < texts; row += 1) {
    const id = Buffer.from(shard.ids.subarray(row * ID_BYTES, row * ID_BYTES + 4)).toString("hex");
    if (id < first) first = id;
  }
  return { name, first, kind: kindOf(shard), rows: texts };
}

async function merge(
  root: string,
  format: RowFormat,
  small: ReadonlySet<string>,
): Promise<Compaction> {
  const { seen, sources } = await survey(root, format, small);
  const result = { ...NOTHING };
  for (const group of groupsOf(sources, format)) {
    const parts: PackedShard[] = [];
    const done: string[] = [];
    let metadata: Record<string, string> = {};
    for (const { name } of group) {
      const shard = await tryShard(root, name, format);
      if (shard === "gone" || "damaged" in shard) continue;
      const fresh = freshRows(shard, seen);
      result.duplicates += shard.ids.length / ID_BYTES - fresh.length;
      parts.push(pickRows(shard, fresh));
      done.push(name);
      metadata = shard.metadata;
    }
    const written = await commit(root, format, joinShards(parts.splice(0)), metadata);
    if (written !== null) result.written += 1;
    for (const name of done) if (name !== written) await rm(join(root, name), { force: true });
    result.merged += done.length;
  }
  return result;
}

/** Cuts the sources into lists that are merged: of one kind, and no more rows than a merged shard has. */
function groupsOf(sources: readonly Source[], format: RowFormat): Source[][] {
  const most = mostRows(format);
  const groups: Source[][] = [];
  let rows = Infinity;
  for (const source of sources) {
    const last = groups.at(-1);
    rows += source.rows;
    if (last !== undefined && rows <= most && last[0]!.kind === source.kind) last.push(source);
    else {
      groups.push([source]);
      rows = source.rows;
    }
  }
  return groups;
}

function joinShards(parts: readonly PackedShard[]): PackedShard {
  const join = (pick: (part: PackedShard) => Uint8Array) => Buffer.concat(parts.map(pick));
  return {
    ids: join(({ ids }) => ids),
    rows: join(({ rows }) => rows),
    extras: {
      names: parts[0]?.extras.names ?? [],
      bytes: join(({ extras }) => extras.bytes),
    },
  };
}

/** @returns the shard's name, or null where there is no row to keep. */
async function commit(
  root: string,
  format: RowFormat,
  shard: PackedShard,
  { runtime, processor }: Record<string, string>,
): Promise<string | null> {
  if (shard.ids.length === 0) return null;
  const facts = { ...(runtime && { runtime }), ...(processor && { processor }) };
  const { name, bytes } = encodeShard(shard, format, facts);
  await writeFileAtomic(join(root, name), bytes);
  return name;
}

/** Compacts after work that is done already: a full disk is no reason to fail then, and the next one tries again. */
export async function compactQuietly(
  store: Pick<CompactOptions, "root" | "format">,
): Promise<void> {
  try {
    await compact({ root: store.root, format: store.format });
  } catch (thrown) {
    if (!(thrown instanceof LimbeckError) || thrown.code !== "E_DISK") throw thrown;
  }
}
