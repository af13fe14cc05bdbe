import type { AdamWOptions } from "../types.ts";
import { checkOption, checkStep } from "./checks.ts";
import { SMALLEST_NORMAL } from "./denormals.ts";
import type {
  Optimizer,
  RangeUpdate,
  UpdateArrays,
  UpdateOptions,
  UpdateRange,
} from "./optimizer.ts";

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

/** One pass over a range of a parameter and its moments. */
function updateRange(arrays: UpdateArrays, range: UpdateRange, factors: AdamWFactors): void {
  const { parameter, gradient } = arrays;
  const [first, second] = arrays.state as [Float32Array, Float32Array];
  const { keepFirst, addFirst, keepSecond, addSecond, keepParameter, rate, epsilon } = factors;
  const end = range.offset + range.count;
  let source = range.gradientOffset;
  for (let target = range.offset; target < end; target += 1, source += 1) {
    const slope = gradient[source]!;
    let mean = keepFirst * first[target]! + addFirst * slope;
    let square = keepSecond * second[target]! + addSecond * slope * slope;
    // Before the store, while they are still normal float64 numbers. (Without `abs` the branch would go by the sign,
    // which no processor can predict: three times slower.)
    if (Math.abs(mean) < SMALLEST_NORMAL) mean = 0;
    if (square < SMALLEST_NORMAL) square = 0;
    first[target] = mean;
    second[target] = square;
    parameter[target] =
      keepParameter * parameter[target]! - (rate * mean) / (Math.sqrt(square) + epsilon);
  }
}

/**
 * Adam with decoupled weight decay, in PyTorch's formulation (`torch.optim.AdamW`):
 * `p ← p · (1 - lr·λ)`, `m ← β₁m + (1-β₁)g`, `v ← β₂v + (1-β₂)g²`, `p ← p - lr · (m/c1) / (√(v/c2) + ε)`.
 *
 * Loshchilov & Hutter (2019), Algorithm 2. https://arxiv.org/abs/1711.05101
 */
export class AdamW implements Optimizer {
  readonly stateNames = ["exp_avg", "exp_avg_sq"];
  private readonly options: Omit<AdamWOptions, "weightDecay">;

  /** @throws EngineError `E_OPTIMIZER` naming an option that is out of its range. */
  constructor(options: Omit<AdamWOptions, "weightDecay">) {
    checkOption("beta1", options.beta1, 0, 1);
    checkOption("beta2", options.beta2, 0, 1);
    checkOption("epsilon", options.epsilon, 0);
    this.options = options;
  }

  prepare(options: UpdateOptions): RangeUpdate {
    const factors = adamWFactors(this.options, options);
    return (arrays, range) => {
      updateRange(arrays, range, factors);
    };
  }
}
