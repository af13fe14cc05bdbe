import { createHash } from "node:crypto";
import { basename } from "node:path";
import { LimbeckError } from "../errors.ts";
import { encodeFloat16 } from "../formats/float16.ts";
import { encodeParquet, readParquet, type ParquetColumn } from "../formats/parquet.ts";
import { encodeFloat32, type RowFormat } from "./rows.ts";

/** Some texts' rows as they lie in a file: little-endian, one behind the other. */
export interface PackedShard {
  /** 16 bytes each. */
  ids: Uint8Array;
  /** `width` numbers each, in the format's dtype. */
  rows: Uint8Array;
  /** Float32, as many per row as there are names. */
  extras: { names: readonly string[]; bytes: Uint8Array };
}

/** A shard that was read, with all that its file says of itself. */
export interface ReadShard extends PackedShard {
  metadata: Readonly<Record<string, string>>;
}

export const ID_BYTES = 16;
/** Bytes per number. */
export const NUMBER_BYTES = { float32: 4, float16: 2 } as const;
const FORMAT_VERSION = "limbeck.labels/1";

/** Rows for a file. @param shard - `rows` `[ids.length, width]`, `extras` `[ids.length, format.extras.length]` */
export function packShard(
  shard: { ids: readonly string[]; rows: Float32Array; extras: Float32Array },
  { dtype, extras: names }: RowFormat,
): PackedShard {
  const ids = Buffer.from(shard.ids.join(""), "hex");
  if (ids.length !== shard.ids.length * ID_BYTES)
    throw new RangeError("Expected ids of 32 hexadecimal digits.");
  const rows = dtype === "float16" ? encodeFloat16(shard.rows) : encodeFloat32(shard.rows);
  return { ids, rows, extras: { names, bytes: encodeFloat32(shard.extras) } };
}

/** Extras count only where there are any, so that shards without them keep the checksum that they always had. */
function checksumOf({ ids, rows, extras }: PackedShard): string {
  const hash = createHash("sha256").update(ids).update(rows);
  if (extras.names.length > 0) hash.update(JSON.stringify(extras.names)).update(extras.bytes);
  return hash.digest("hex");
}

/**
 * A shard as a file: columns `id` (16 bytes), `logits` (one fixed-length run of little-endian floats per row) and, where
 * there are any, `extras` (the same in float32). Its name follows from its content, so that two writers of the same rows
 * write the same file.
 *
 * @param facts - further metadata, such as the provenance
 */
export function encodeShard(
  shard: PackedShard,
  format: RowFormat,
  facts: Readonly<Record<string, string>>,
): { name: string; bytes: Uint8Array } {
  const checksum = checksumOf(shard);
  const { ids, rows, extras } = shard;
  const columns: ParquetColumn[] = [
    { name: "id", type: "FIXED", width: ID_BYTES, bytes: ids },
    {
      name: "logits",
      type: "FIXED",
      width: format.width * NUMBER_BYTES[format.dtype],
      bytes: rows,
    },
  ];
  const own = { version: FORMAT_VERSION, teacher: format.digest, dtype: format.dtype, checksum };
  const named = extras.names.length > 0;
  if (named)
    columns.push({
      name: "extras",
      type: "FIXED",
      width: extras.names.length * 4,
      bytes: extras.bytes,
    });
  const names = named ? { extras: JSON.stringify(extras.names) } : {};
  const bytes = encodeParquet(columns, { ...facts, ...own, ...names });
  return { name: `part-${checksum.slice(0, 24)}.parquet`, bytes };
}

/** A shard that holds other things than the store it lies in: not damage, but a mix-up that must not be mended silently. */
function requireSameStore(
  path: string,
  metadata: Record<string, string>,
  format: Omit<RowFormat, "extras">,
): void {
  const expected = { version: FORMAT_VERSION, teacher: format.digest, dtype: format.dtype };
  for (const [key, value] of Object.entries(expected)) {
    if (metadata[key] === value) continue;
    throw new LimbeckError(
      "E_STORE",
      `Expected ${key} ${value} in ${path}, got ${metadata[key] ?? "none"}. The file belongs to another store: move it away.`,
    );
  }
}

/** The bytes of a column whose rows have a width. @throws LimbeckError `E_STORE` where they have another. */
function requireFixed(path: string, column: ParquetColumn | undefined, width: number): Uint8Array {
  if (column?.type === "FIXED" && column.width === width) return column.bytes;
  throw new LimbeckError(
    "E_STORE",
    `Expected rows of ${width} bytes in ${path}, got others. Move the file away.`,
  );
}

function namesIn(metadata: Readonly<Record<string, string>>): string[] {
  const names = metadata["extras"];
  return names === undefined ? [] : (JSON.parse(names) as string[]);
}

/**
 * Reads a shard and checks it against its checksum.
 *
 * @throws LimbeckError `E_DATA` when the file is damaged or not there, `E_STORE` when it is whole but belongs to another
 *   store.
 */
export async function readShard(
  path: string,
  format: Omit<RowFormat, "extras">,
): Promise<ReadShard> {
  const { columns, metadata } = await readParquet(path);
  requireSameStore(path, metadata, format);
  const names = namesIn(metadata);
  const shard = {
    ids: requireFixed(path, columns["id"], ID_BYTES),
    rows: requireFixed(path, columns["logits"], format.width * NUMBER_BYTES[format.dtype]),
    extras: {
      names,
      bytes:
        names.length === 0
          ? new Uint8Array(0)
          : requireFixed(path, columns["extras"], names.length * 4),
    },
  };
  if (checksumOf(shard) !== metadata["checksum"]) {
    throw new LimbeckError(
      "E_DATA",
      `Expected the content that ${basename(path)} names in its checksum, got another.`,
    );
  }
  return { ...shard, metadata };
}
