import { Random } from "../math/random.ts";
import type { Targets } from "./sparse-softmax-regression.ts";

/** Texts and what each of them should be. */
export interface TargetedTexts {
  texts: readonly string[];
  targets: Targets;
}

/**
 * Draws texts together with their targets, in their old order; all of them where there are no more than asked for.
 *
 * @param limit - how many at most
 */
export function sampleTexts(
  { texts, targets }: TargetedTexts,
  { limit, classes, seed }: { limit: number; classes: number; seed: number },
): TargetedTexts {
  if (texts.length <= limit) return { texts, targets };
  const order = new Random("linear-sample", seed).shuffle(Uint32Array.from(texts.keys()));
  const kept = order.subarray(0, limit).sort();
  const drawn = Array.from(kept, (index) => texts[index]!);
  if ("labels" in targets) {
    const labels = Int32Array.from(kept, (index) => targets.labels[index]!);
    return { texts: drawn, targets: { labels } };
  }
  const probabilities = new Float32Array(limit * classes);
  kept.forEach((index, row) => {
    const target = targets.probabilities.subarray(index * classes, (index + 1) * classes);
    probabilities.set(target, row * classes);
  });
  return { texts: drawn, targets: { probabilities } };
}
