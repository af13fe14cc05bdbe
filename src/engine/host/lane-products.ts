import { HostMemory } from "./host-memory.ts";
import { addProductsByLoop, LANES } from "./loops.ts";

/** Matrices in float64 of a product that is computed again and again, and the product. */
export interface LaneProducts {
  /** `[R, D]` */
  rows: Float64Array;
  /** `[D, 8]` */
  lanes: Float64Array;
  /** `[R, 8]` */
  sums: Float64Array;
  /** `sums += rows · lanes`, each sum in the order of D and by itself, whatever stands in the other lanes. */
  add(): void;
}

/** Room for a product of R rows, each of D numbers, with eight columns; where WebAssembly has SIMD a kernel computes it. */
export function openLaneProducts(rowCount: number, depth: number): LaneProducts {
  const lengths = [rowCount * depth, depth * LANES, rowCount * LANES];
  // Two float32 lie where one float64 does.
  const memory = HostMemory.create(lengths.map((length) => 2 * length));
  const room = (length: number): Float64Array => {
    if (memory === null) return new Float64Array(length);
    const { buffer, byteOffset } = memory.allocate(2 * length);
    return new Float64Array(buffer, byteOffset, length);
  };
  const [rows, lanes, sums] = lengths.map(room) as [Float64Array, Float64Array, Float64Array];
  const add = (): void => {
    if (memory === null) addProductsByLoop(sums, rows, lanes);
    else {
      const places = [sums.byteOffset, rows.byteOffset, lanes.byteOffset] as const;
      memory.kernels.products(...places, rowCount, depth);
    }
  };
  return { rows, lanes, sums, add };
}
