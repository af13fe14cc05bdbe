import { EmbeddingTable } from "../embedding-table.ts";
import type { ParameterRule } from "../optimizers/groups.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Program } from "../types.ts";
import { drawingOf, initialValues } from "./initialize.ts";

export interface StateOptions {
  seed: number;
  optimizer: Optimizer;
  /** By name. */
  rules: ReadonlyMap<string, ParameterRule>;
}

/** The embedding table of a program with its starting values, random ones drawn as needed; null where it has none. */
export function createTable(
  { embedding }: Program,
  { seed, optimizer, rules }: StateOptions,
): EmbeddingTable | null {
  if (!embedding) return null;
  const { name, rows, size, initializer } = embedding;
  const parameter = { name, shape: [rows, size], initializer };
  const draw = drawingOf(parameter, seed);
  const start = draw ? { draw } : { values: initialValues(parameter, seed) };
  const { frozen } = rules.get(name)!;
  return new EmbeddingTable({ rows, size, ...start, ...(!frozen && { optimizer }) });
}
