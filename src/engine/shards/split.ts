import { EngineError } from "../errors.ts";
import type { TrainingPlan } from "../program/training-plan.ts";
import type { Batch } from "../types.ts";

/** Consecutive texts of a batch. */
export interface Part {
  shard: number;
  /** Its first text. */
  first: number;
  texts: number;
}

/**
 * Splits `texts` texts into at most `shards` parts, in order; sizes differ by at most one, the larger parts come first.
 * Of fewer texts than shards, the last shards get none and have no part; of no texts, the first
 * shard gets none (and its loss, a mean of nothing, is refused as that of a whole batch is).
 */
export function splitTexts(texts: number, shards: number): Part[] {
  if (texts === 0) return [{ shard: 0, first: 0, texts: 0 }];
  const parts: Part[] = [];
  const size = Math.floor(texts / shards);
  const larger = texts % shards;
  let first = 0;
  for (let shard = 0; shard < shards; shard += 1) {
    const count = shard < larger ? size + 1 : size;
    if (count > 0) parts.push({ shard, first, texts: count });
    first += count;
  }
  return parts;
}

type Inputs = Pick<TrainingPlan, "inputs" | "used">;

/** The part's texts as a batch of their own, of views; inputs without a batch dimension are whole in every part. */
export function partOf(batch: Batch, { inputs, used }: Inputs, { first, texts }: Part): Batch {
  const views = used.map((name) => {
    const data = batch.inputs[name]!;
    if (inputs[name]!.shape[0] !== "B") return [name, data] as const;
    const perText = data.length / batch.batch;
    return [name, data.subarray(first * perText, (first + texts) * perText)] as const;
  });
  return { batch: texts, length: batch.length, inputs: Object.fromEntries(views) };
}

/** @throws EngineError `E_SHARDS` naming an input whose texts do not lie one after the other. */
export function checkSplittable({ inputs, used }: Inputs): void {
  const name = used.find((input) => inputs[input]!.shape.lastIndexOf("B") > 0);
  if (name === undefined) return;
  throw new EngineError(
    "E_SHARDS",
    `Expected inputs with B as their first dimension, got ${name} [${inputs[name]!.shape.join(", ")}]. Transpose it in the program, or train with one shard.`,
  );
}
