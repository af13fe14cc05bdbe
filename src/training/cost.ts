import { sizeOf } from "../engine/shape.ts";
import type { ParameterSpec } from "../engine/types.ts";
import type { StoredSet } from "./prepare-sets.ts";

/**
 * What one update costs beside those of other jobs: texts × mean pieces × weights outside the embedding table, each of
 * which is multiplied with every piece. The unit does not matter.
 */
export function stepCost(
  parameters: readonly ParameterSpec[],
  { rows, pieces }: StoredSet,
  { batch, accumulate }: { batch: number; accumulate: number },
): number {
  const weights = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const texts = Math.min(batch * accumulate, rows);
  return rows === 0 ? 0 : texts * (pieces / rows) * weights;
}
