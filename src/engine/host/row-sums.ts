import { memoryOf, PIECE } from "./host-memory.ts";
import type { HostMemory } from "./host-memory.ts";
import { addByLoop } from "./loops.ts";
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
  const { sums, size } = into;
  places.forEach((place, n) => {
    if (place < 0) return;
    const target = sums.subarray(place * size, (place + 1) * size);
    addByLoop(target, vectors.subarray(n * size, (n + 1) * size), weight);
  });
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
