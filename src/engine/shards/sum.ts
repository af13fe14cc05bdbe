import { add } from "../host/vectors.ts";
import type { Part } from "./split.ts";

/** What a shard computed; its gradients are weighted by its share of the texts already, loss and terms are not. */
export interface Outcome extends Part {
  loss: number;
  terms: Record<string, number>;
  gradients: Map<string, Float32Array>;
}

export type Sum = Pick<Outcome, "loss" | "terms" | "gradients">;

/**
 * Loss, terms and gradients of the whole batch: `Σ B_s/B · loss_s`, in the order of the shards, whatever the order in
 * which they arrive (float32 sums of the same numbers in another order differ in their last bits).
 *
 * The arrays of the first shard become the sum.
 */
export function sumOutcomes(outcomes: readonly Outcome[], texts: number): Sum {
  const [first, ...others] = [...outcomes].sort((a, b) => a.shard - b.shard);
  const share = first!.texts / texts;
  const sum: Sum = {
    loss: share * first!.loss,
    terms: Object.fromEntries(
      Object.entries(first!.terms).map(([name, term]) => [name, share * term]),
    ),
    gradients: first!.gradients,
  };
  for (const { texts: count, loss, terms, gradients } of others) {
    const weight = count / texts;
    sum.loss += weight * loss;
    for (const [name, term] of Object.entries(terms)) sum.terms[name]! += weight * term;
    for (const [name, gradient] of gradients) add(sum.gradients.get(name)!, gradient, 1);
  }
  return sum;
}
