import { memoryOf, PIECE, workspace } from "./host-memory.ts";
import type { HostMemory } from "./host-memory.ts";
import { addByLoop, addSquaresByLoop, scaleByLoop } from "./loops.ts";

/** `target = weight · source`, each product rounded to float32; both may be the same array. */
export function scale(target: Float32Array, source: Float32Array, weight: number): void {
  const memory = workspace();
  if (!memory) {
    scaleByLoop(target, source, weight);
    return;
  }
  const [piece] = memory.scratch;
  for (let start = 0; start < source.length; start += PIECE) {
    const count = load(piece, source, start);
    memory.kernels.scale(piece.byteOffset, piece.byteOffset, even(count), weight);
    target.set(piece.subarray(0, count), start);
  }
}

/** `target += weight · source`, each sum rounded to float32 once. */
export function add(target: Float32Array, source: Float32Array, weight: number): void {
  const memory = workspace();
  if (!memory) {
    addByLoop(target, source, weight);
    return;
  }
  const [sums, piece] = memory.scratch;
  for (let start = 0; start < source.length; start += PIECE) {
    const count = load(piece, source, start);
    load(sums, target, start);
    memory.kernels.add(sums.byteOffset, piece.byteOffset, even(count), weight);
    target.set(sums.subarray(0, count), start);
  }
}

/** Sum of squares, in float64 (which the squares of float32 numbers cannot overflow) and in a fixed order. */
export function squaredNorm(values: Float32Array): number {
  const memory = memoryOf(values) ?? workspace();
  const sums = memory ? memory.sums.fill(0) : new Float64Array(4);
  const done = memory ? addSquares(memory, values) : 0;
  addSquaresByLoop(sums, values.subarray(done));
  const [a, b, c, d] = sums as unknown as [number, number, number, number];
  return a + b + (c + d);
}

/** All but the last one to three. */
function addSquares(memory: HostMemory, values: Float32Array): number {
  const whole = values.length - (values.length % 4);
  const { kernels, sums } = memory;
  if (memoryOf(values) === memory) {
    kernels.squares(values.byteOffset, whole, sums.byteOffset);
    return whole;
  }
  const [piece] = memory.scratch;
  for (let start = 0; start < whole; start += PIECE) {
    const count = load(piece, values, start);
    kernels.squares(piece.byteOffset, count, sums.byteOffset);
  }
  return whole;
}

/** Copies the elements from `start` that fit into a piece; returns how many. */
export function load(piece: Float32Array, source: Float32Array, start: number): number {
  const part = source.subarray(start, start + PIECE);
  piece.set(part);
  return part.length;
}

/** In scratch there is room for one element more, which nobody reads. */
function even(count: number): number {
  return count + (count % 2);
}
