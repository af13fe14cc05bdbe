import { memoryOf, PIECE } from "../host/host-memory.ts";
import type { HostMemory } from "../host/host-memory.ts";
import type { Kernels } from "../host/kernels.ts";
import { load } from "../host/vectors.ts";
import type { AdamWFactors } from "./adamw-factors.ts";
import type { UpdateArrays, UpdateRange } from "./optimizer.ts";

/** A parameter, its moments and, where it lies there too, its gradient, in bytes of one memory. */
interface Places {
  memory: HostMemory;
  parameter: number;
  first: number;
  second: number;
  gradient: number | null;
}

/** Where the arrays lie; null unless a parameter and its moments are in one memory that kernels reach. */
export function locate({ parameter, gradient, state }: UpdateArrays): Places | null {
  const memory = memoryOf(parameter);
  const [first, second] = state as [Float32Array, Float32Array];
  if (!memory || memoryOf(first) !== memory || memoryOf(second) !== memory) return null;
  return {
    memory,
    parameter: parameter.byteOffset,
    first: first.byteOffset,
    second: second.byteOffset,
    gradient: memoryOf(gradient) === memory ? gradient.byteOffset : null,
  };
}

/** Updates all of a range but the last element of an odd count. A gradient that lies elsewhere passes through scratch. */
export function updatePairs(
  places: Places,
  { gradient }: UpdateArrays,
  { offset, gradientOffset, count }: UpdateRange,
  factors: AdamWFactors,
): void {
  const { kernels, scratch } = places.memory;
  if (places.gradient !== null) {
    const from = places.gradient + 4 * gradientOffset;
    updateFrom(kernels, from, places, 4 * offset, count, factors);
    return;
  }
  const [piece] = scratch;
  for (let start = 0; start < count; start += PIECE) {
    load(piece, gradient, gradientOffset + start);
    const part = Math.min(PIECE, count - start);
    updateFrom(kernels, piece.byteOffset, places, 4 * (offset + start), part, factors);
  }
}

/** @param from - where the gradient lies; `offset` is the range's in the parameter. Both in bytes. */
function updateFrom(
  kernels: Kernels,
  from: number,
  { parameter, first, second }: Places,
  offset: number,
  count: number,
  factors: AdamWFactors,
): void {
  kernels.adamW(
    parameter + offset,
    from,
    first + offset,
    second + offset,
    count,
    factors.keepFirst,
    factors.addFirst,
    factors.keepSecond,
    factors.addSecond,
    factors.keepParameter,
    factors.rate,
    factors.epsilon,
  );
}
