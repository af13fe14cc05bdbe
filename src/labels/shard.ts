import { createHash } from "node:crypto";
import { basename } from "node:path";
import { LimbeckError } from "../errors.ts";
import { decodeFloat16, encodeFloat16 } from "../formats/float16.ts";
import { encodeParquet, readParquet } from "../formats/parquet.ts";

/** What a store's rows are made of. */
export interface RowFormat {
  /** SHA-256 of teacher.json: the store that the rows belong to. */
  digest: string;
  /** Numbers per row. */
  width: number;
  dtype: "float32" | "float16";
}

/** Some texts' rows: `rows` is `[ids.length, width]`. */
export interface Shard {
  ids: string[];
  rows: Float32Array;
}

const FORMAT_VERSION = "limbeck.labels/1";
const ID_BYTES = 16;
const BYTES = { float32: 4, float16: 2 };

function encodeIds(ids: readonly string[]): Uint8Array {
  const bytes = Buffer.from(ids.join(""), "hex");
  if (bytes.length !== ids.length * ID_BYTES)
    throw new RangeError("Expected ids of 32 hexadecimal digits.");
  return bytes;
}

function encodeRows(rows: Float32Array, dtype: RowFormat["dtype"]): Uint8Array {
  if (dtype === "float16") return encodeFloat16(rows);
  const bytes = new Uint8Array(rows.length * 4);
  const view = new DataView(bytes.buffer);
  rows.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return bytes;
}

function decodeRows(bytes: Uint8Array, dtype: RowFormat["dtype"]): Float32Array {
  if (dtype === "float16") return decodeFloat16(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) =>
    view.getFloat32(index * 4, true),
  );
}

function checksumOf(ids: Uint8Array, rows: Uint8Array): string {
  return createHash("sha256").update(ids).update(rows).digest("hex");
}

/**
 * A shard as a file: columns `id` (16 bytes) and `logits` (one fixed-length run of little-endian floats per row).
 * Its name follows from its content, so that two writers of the same rows write the same file.
 */
export function encodeShard(shard: Shard, format: RowFormat): { name: string; bytes: Uint8Array } {
  const ids = encodeIds(shard.ids);
  const rows = encodeRows(shard.rows, format.dtype);
  const checksum = checksumOf(ids, rows);
  const bytes = encodeParquet(
    [
      { name: "id", type: "FIXED", width: ID_BYTES, bytes: ids },
      { name: "logits", type: "FIXED", width: format.width * BYTES[format.dtype], bytes: rows },
    ],
    { version: FORMAT_VERSION, teacher: format.digest, dtype: format.dtype, checksum },
  );
  return { name: `part-${checksum.slice(0, 24)}.parquet`, bytes };
}

/** A shard that holds other things than the store it lies in: not damage, but a mix-up that must not be mended silently. */
function requireSameStore(path: string, metadata: Record<string, string>, format: RowFormat): void {
  const expected = { version: FORMAT_VERSION, teacher: format.digest, dtype: format.dtype };
  for (const [key, value] of Object.entries(expected)) {
    if (metadata[key] === value) continue;
    throw new LimbeckError(
      "E_STORE",
      `Expected ${key} ${value} in ${path}, got ${metadata[key] ?? "none"}. The file belongs to another store: move it away.`,
    );
  }
}

/**
 * Reads a shard and checks it against its checksum.
 *
 * @throws LimbeckError `E_DATA` when the file is damaged, `E_STORE` when it is whole but belongs to another store.
 */
export async function readShard(path: string, format: RowFormat): Promise<Shard> {
  const { columns, metadata } = await readParquet(path, ["id", "logits"]);
  requireSameStore(path, metadata, format);
  const { id, logits } = columns;
  if (
    id?.type !== "FIXED" ||
    logits?.type !== "FIXED" ||
    logits.width !== format.width * BYTES[format.dtype]
  ) {
    throw new LimbeckError(
      "E_STORE",
      `Expected rows of ${format.width} numbers in ${path}, got others. Move the file away.`,
    );
  }
  if (checksumOf(id.bytes, logits.bytes) !== metadata["checksum"]) {
    throw new LimbeckError(
      "E_DATA",
      `Expected the content that ${basename(path)} names in its checksum, got another.`,
    );
  }
  const hexadecimal = Buffer.from(
    id.bytes.buffer,
    id.bytes.byteOffset,
    id.bytes.byteLength,
  ).toString("hex");
  const ids = Array.from({ length: id.bytes.length / ID_BYTES }, (_, row) =>
    hexadecimal.slice(row * 32, row * 32 + 32),
  );
  return { ids, rows: decodeRows(logits.bytes, format.dtype) };
}
