import type { AdamWOptions } from "../types.ts";
import { checkStep } from "./checks.ts";
import type { UpdateOptions } from "./optimizer.ts";

/** What one step's options come to: computed once, applied to every element. */
export interface AdamWFactors {
  keepFirst: number;
  addFirst: number;
  keepSecond: number;
  addSecond: number;
  keepParameter: number;
  rate: number;
  epsilon: number;
}

/**
 * The factors of one step: with bias corrections `c1 = 1 - beta1^step` and `c2 = 1 - beta2^step`,
 * `p -= lr · (m/c1) / (√(v/c2) + ε)` is computed as `p -= rate · m / (√v + ε')`, where `rate = lr · √c2 / c1` and
 * `ε' = ε · √c2`: one root and one division per element.
 *
 * @throws EngineError `E_STEP` if `step` is not an integer of at least 1.
 */
export function adamWFactors(
  { beta1, beta2, epsilon }: Omit<AdamWOptions, "weightDecay">,
  { learningRate, step, weightDecay, gradientScale = 1 }: UpdateOptions,
): AdamWFactors {
  checkStep(step);
  const secondCorrection = Math.sqrt(1 - beta2 ** step);
  return {
    keepFirst: beta1,
    addFirst: (1 - beta1) * gradientScale,
    keepSecond: beta2,
    addSecond: (1 - beta2) * gradientScale * gradientScale,
    keepParameter: 1 - learningRate * weightDecay,
    rate: (learningRate * secondCorrection) / (1 - beta1 ** step),
    epsilon: epsilon * secondCorrection,
  };
}
