import { EmbeddingTable } from "../embedding-table.ts";
import type { Allocate } from "../host/host-memory.ts";
import type { ParameterRule } from "../optimizers/groups.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import type { Program } from "../types.ts";
import { initialValues } from "./initialize.ts";

export interface StateOptions {
  seed: number;
  optimizer: Optimizer;
  /** By name. */
  rules: ReadonlyMap<string, ParameterRule>;
  /** Gives the arrays that values and state lie in. */
  allocate: Allocate;
}

/** The embedding table of a program with its starting values, or null where it has none. */
export function createTable(
  { embedding }: Program,
  { seed, optimizer, rules, allocate }: StateOptions,
): EmbeddingTable | null {
  if (!embedding) return null;
  const { name, rows, size, initializer } = embedding;
  const values = initialValues({ name, shape: [rows, size], initializer }, seed, allocate);
  const { frozen } = rules.get(name)!;
  return new EmbeddingTable({ rows, size, values, allocate, ...(!frozen && { optimizer }) });
}
