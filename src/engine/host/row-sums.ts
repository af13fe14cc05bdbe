import { memoryOf, PIECE } from "./host-memory.ts";
import type { HostMemory } from "./host-memory.ts";
import { load } from "./vectors.ts";

/** Rows of sums, `[count, size]`. */
export interface RowSums {
  sums: Float32Array;
  size: number;
}

/**
 * `sums[places[n]] += weight · vectors[n]`, in the order of `n`, each sum rounded to float32; where `places[n]` is
 * negative the vector is left out.
 *
 * @param vectors - `[N, size]`.
 */
export function addRows(
  into: RowSums,
  places: Int32Array,
  vectors: Float32Array,
  weight: number,
): void {
  const memory = memoryOf(into.sums);
  if (memory && into.size % 2 === 0 && into.size <= PIECE) {
    addInMemory(memory, into, places, vectors, weight);
    return;
  }
  addByLoop(into, places, vectors, weight);
}

function addByLoop(
  { sums, size }: RowSums,
  places: Int32Array,
  vectors: Float32Array,
  weight: number,
): void {
  for (let n = 0; n < places.length; n += 1) {
    if (places[n]! < 0) continue;
    const target = places[n]! * size;
    const source = n * size;
    for (let column = 0; column < size; column += 1) {
      sums[target + column] = sums[target + column]! + weight * vectors[source + column]!;
    }
  }
}

/** The vectors pass through scratch, as many whole ones as fit. */
function addInMemory(
  { kernels, scratch: [piece] }: HostMemory,
  { sums, size }: RowSums,
  places: Int32Array,
  vectors: Float32Array,
  weight: number,
): void {
  const base = sums.byteOffset;
  const from = piece.byteOffset;
  const rowBytes = 4 * size;
  const rows = Math.floor(PIECE / size);
  for (let start = 0; start < places.length; start += rows) {
    load(piece, vectors, start * size);
    const end = Math.min(start + rows, places.length);
    for (let n = start; n < end; n += 1) {
      const place = places[n]!;
      if (place < 0) continue;
      kernels.add(base + place * rowBytes, from + (n - start) * rowBytes, size, weight);
    }
  }
}
