import { decodeFloat16, decodeFloat16Into } from "../formats/float16.ts";

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

/** Packed rows in a form that single rows can be taken from. */
export type RowSource =
  { dtype: "float32"; numbers: Float32Array } | { dtype: "float16"; bytes: Uint8Array };

/** Rows as they lie in a file, copied only where the machine cannot read them in place. */
export function openRows(bytes: Uint8Array, dtype: RowFormat["dtype"]): RowSource {
  if (dtype === "float16") return { dtype, bytes };
  const inPlace = LITTLE_ENDIAN && bytes.byteOffset % 4 === 0;
  const numbers = inPlace
    ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    : decodeFloat32(bytes);
  return { dtype, numbers };
}

/** Writes row after row of shards into a matrix. */
export class RowCollector {
  /** `[rows, width]`; rows that are never written are 0. */
  readonly matrix: Float32Array<ArrayBuffer>;
  private readonly width: number;

  constructor(rows: number, width: number) {
    this.matrix = new Float32Array(rows * width);
    this.width = width;
  }

  /** Copies a row to a place of the matrix, number by number: a view for each row would cost more than the copying. */
  copy(source: RowSource, row: number, place: number): void {
    const { width, matrix } = this;
    const [from, to] = [row * width, place * width];
    if (source.dtype === "float16") {
      decodeFloat16Into(source.bytes, from, { into: matrix, at: to, count: width });
      return;
    }
    const { numbers } = source;
    for (let column = 0; column < width; column += 1) matrix[to + column] = numbers[from + column]!;
  }

  /** Repeats a row of the matrix in another place. */
  repeat(from: number, place: number): void {
    const { width } = this;
    this.matrix.copyWithin(place * width, from * width, (from + 1) * width);
  }
}
