import type { Program } from "../types.ts";

/** Names and shapes of all that a program learns, the embedding table first. */
export function parameterShapes({
  parameters,
  embedding,
}: Pick<Program, "parameters" | "embedding">): { name: string; shape: readonly number[] }[] {
  const table = embedding && { name: embedding.name, shape: [embedding.rows, embedding.size] };
  return [...(table ? [table] : []), ...parameters.map(({ name, shape }) => ({ name, shape }))];
}
