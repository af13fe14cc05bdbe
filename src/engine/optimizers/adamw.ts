import type { AdamWOptions } from "../types.ts";
import { adamWFactors } from "./adamw-factors.ts";
import type { AdamWFactors } from "./adamw-factors.ts";
import { locate, updatePairs } from "./adamw-in-memory.ts";
import { checkOption } from "./checks.ts";
import { SMALLEST_NORMAL } from "./denormals.ts";
import type {
  Optimizer,
  RangeUpdate,
  UpdateArrays,
  UpdateOptions,
  UpdateRange,
} from "./optimizer.ts";

/** One pass over a range of a parameter and its moments; `adamW` in kernels.wat does the same to the bit. */
function updateByLoop(arrays: UpdateArrays, range: UpdateRange, factors: AdamWFactors): void {
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

function lastOf({ offset, gradientOffset, count }: UpdateRange): UpdateRange {
  return { offset: offset + count - 1, gradientOffset: gradientOffset + count - 1, count: 1 };
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
    // Looked up once for all rows of a table.
    let known: UpdateArrays | null = null;
    let places: ReturnType<typeof locate> = null;
    return (arrays, range) => {
      if (arrays !== known) places = locate(arrays);
      known = arrays;
      if (!places) {
        updateByLoop(arrays, range, factors);
        return;
      }
      updatePairs(places, arrays, range, factors);
      if (range.count % 2 === 1) updateByLoop(arrays, lastOf(range), factors);
    };
  }
}
