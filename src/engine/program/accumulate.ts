import { hash } from "../dropout/counter-random.ts";
import { EngineError } from "../errors.ts";
import { add } from "../host/vectors.ts";
import type { Batch } from "../types.ts";
import { checkTexts } from "./feeds.ts";
import type { TrainingResult } from "./training.ts";

/** A batch's part of an update. */
export interface BatchPart {
  batch: Batch;
  /** Its share of the texts. */
  weight: number;
  /** Chooses its dropout masks. */
  draw: number;
}

/**
 * Batches that one update is made of, weighed by their texts, each with masks of its own; those of the first are the
 * masks of an update from one batch.
 *
 * @throws EngineError `E_SHAPE` where there is no batch, or one of them has no text.
 */
export function partsOf(given: Batch | readonly Batch[], step: number): BatchPart[] {
  const batches = (Array.isArray(given) ? given : [given]) as readonly Batch[];
  const texts = batches.reduce((sum, { batch }) => sum + batch, 0);
  if (batches.length === 0) {
    throw new EngineError("E_SHAPE", "Expected at least one batch to learn from, got none.");
  }
  batches.forEach(checkTexts);
  return batches.map((batch, index) => ({
    batch,
    weight: batch.batch / texts,
    draw: index === 0 ? step : hash(step, index),
  }));
}

/** `sum + weight · result`, in place; a first result is copied, since its arrays are the runtime's own. */
export function addResult(
  sum: TrainingResult | null,
  result: TrainingResult,
  weight: number,
): TrainingResult {
  const scaled = (total: number | undefined, value: number) => (total ?? 0) + weight * value;
  const terms = Object.entries(result.terms).map(
    ([name, value]) => [name, scaled(sum?.terms[name], value)] as const,
  );
  const gradients = [...result.gradients].map(([name, gradient]) => {
    const total = sum?.gradients.get(name) ?? new Float32Array(gradient.length);
    add(total, gradient, weight);
    return [name, total] as const;
  });
  return {
    loss: scaled(sum?.loss, result.loss),
    terms: Object.fromEntries(terms),
    gradients: new Map(gradients),
    embedded: null,
  };
}
