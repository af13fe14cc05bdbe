import { allocatePlainly, HostMemory } from "../host/host-memory.ts";
import type { Allocate } from "../host/host-memory.ts";
import type { Program } from "../types.ts";
import type { StateOptions } from "./create-table.ts";
import { sizeOf } from "../shape.ts";

/**
 * Gives the arrays of a program's parameters, its table, their state and the table's gradient sums: in one memory that
 * kernels reach, or on their own where that is not to be had.
 */
export function stateAllocator(
  { parameters, embedding }: Program,
  { optimizer, rules }: Pick<StateOptions, "optimizer" | "rules">,
): Allocate {
  const arrays = (name: string) => 1 + (rules.get(name)!.frozen ? 0 : optimizer.stateNames.length);
  const lengths = parameters.flatMap(({ name, shape }) => {
    const size = sizeOf(shape);
    return Array<number>(arrays(name)).fill(size);
  });
  if (embedding) {
    const { name, rows, size } = embedding;
    lengths.push(...Array<number>(arrays(name) + 1).fill(rows * size));
  }
  const memory = HostMemory.create(lengths);
  return memory ? (length) => memory.allocate(length) : allocatePlainly;
}
