import { expect } from "vitest";
import type { CompiledProgram, StateDict } from "../../src/engine/index.ts";
import { makeBatch } from "./programs.ts";

export const BATCHES = [[4, 2], [1], [3, 3, 1], [5]].map((lengths) => makeBatch(lengths));

/** Steps `from` to `to`, the batches in turn; returns their losses. */
export async function train(
  compiled: CompiledProgram,
  from: number,
  to: number,
): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step += 1) {
    const { loss } = await compiled.step(BATCHES[step % BATCHES.length]!, { learningRate: 0.01 });
    losses.push(loss);
  }
  return losses;
}

export function expectSameBits(a: StateDict, b: StateDict): void {
  expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort());
  for (const [name, { shape, data }] of Object.entries(a)) {
    expect(b[name]!.shape, name).toEqual(shape);
    expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from(b[name]!.data.buffer)), name).toBe(
      0,
    );
  }
}
