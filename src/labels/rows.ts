import { decodeFloat16 } from "../formats/float16.ts";

/** What a store's rows are made of. */
export interface RowFormat {
  /** SHA-256 of teacher.json: the store that the rows belong to. */
  digest: string;
  /** Numbers per row. */
  width: number;
  dtype: "float32" | "float16";
  /** Names of the numbers that are kept beside each row, as float32. */
  extras: readonly string[];
}

/** Whether this machine keeps numbers as the files do, so that bytes can be copied as they are. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Brings float32 in the file's order of bytes into the machine's, or back, in place. */
function swapUnlessLittle(bytes: Uint8Array): void {
  if (!LITTLE_ENDIAN) Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).swap32();
}

/** Little-endian float32, four bytes per number. */
export function encodeFloat32(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.slice().buffer);
  swapUnlessLittle(bytes);
  return bytes;
}

/** The inverse of `encodeFloat32`. */
export function decodeFloat32(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const copy = bytes.slice();
  swapUnlessLittle(copy);
  return new Float32Array(copy.buffer);
}

/** Numbers of rows in a file. */
export function decodeRows(bytes: Uint8Array, dtype: RowFormat["dtype"]): Float32Array {
  return dtype === "float16" ? decodeFloat16(bytes) : decodeFloat32(bytes);
}

/** Writes row after row of packed shards into a matrix; `finish` gives the matrix. */
export class RowCollector {
  private readonly target: Float32Array<ArrayBuffer>;
  private readonly bytes: Uint8Array;
  private readonly width: number;
  private readonly dtype: RowFormat["dtype"];

  /** @param rows - rows of the matrix; those that are never written stay 0 */
  constructor(rows: number, { width, dtype }: Pick<RowFormat, "width" | "dtype">) {
    this.target = new Float32Array(rows * width);
    this.bytes = new Uint8Array(this.target.buffer);
    this.width = width;
    this.dtype = dtype;
  }

  /** Copies a packed row to a place of the matrix. */
  copy(packed: Uint8Array, row: number, place: number): void {
    if (this.dtype === "float16") {
      const bytes = this.width * 2;
      const from = row * bytes;
      this.target.set(decodeFloat16(packed.subarray(from, from + bytes)), place * this.width);
      return;
    }
    const bytes = this.width * 4;
    this.bytes.set(packed.subarray(row * bytes, (row + 1) * bytes), place * bytes);
  }

  /** Repeats a row of the matrix in another place. */
  repeat(from: number, place: number): void {
    const { width } = this;
    this.target.copyWithin(place * width, from * width, (from + 1) * width);
  }

  /** `[rows, width]`; nothing is to be written after. */
  finish(): Float32Array<ArrayBuffer> {
    // Rows of float32 were copied as they lie in the file; those of float16 were decoded.
    if (this.dtype === "float32") swapUnlessLittle(this.bytes);
    return this.target;
  }
}
