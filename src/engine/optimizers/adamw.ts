import { EngineError } from "../errors.ts";
import type { AdamWOptions } from "../types.ts";

/** Running means of one parameter's gradient and of its square; as long as the parameter. */
export interface Moments {
  first: Float32Array;
  second: Float32Array;
}

export interface UpdateOptions {
  learningRate: number;
  /** Which update this is, counted from 1: it corrects the moments' bias towards zero. */
  step: number;
  /** Whether the optimizer's weight decay applies to this parameter. */
  decay: boolean;
  /** Multiplies the gradient, e.g. to clip it. Default 1. */
  gradientScale?: number;
}

/** What one step's options come to: computed once, applied to every element. */
export interface UpdateFactors {
  keepFirst: number;
  addFirst: number;
  keepSecond: number;
  addSecond: number;
  keepParameter: number;
  rate: number;
  epsilon: number;
}

/** `count` elements of a parameter and its moments from `offset`, and of the gradient from `gradientOffset`. */
export interface UpdateRange {
  offset: number;
  gradientOffset: number;
  count: number;
}

/**
 * The smallest normal float32. Moments of a parameter whose gradient has become zero decay towards zero and would stay
 * denormal for good (0.9 times the smallest denormal rounds to itself), and JavaScript cannot tell the processor to
 * flush them. On processors that handle denormals in microcode, Intel's among them, each load and store would then cost
 * some hundred cycles (on an AMD EPYC no difference was seen, nor a cost of this cure). Such a moment becomes zero.
 * No weight notices: a first moment of 1e-38 over epsilon 1e-8 moves it by 1e-30 of the learning rate, and the root of
 * a second moment of 1e-38 is 1e-19, far below epsilon.
 */
const SMALLEST_NORMAL = 1.1754943508222875e-38;

/** Zero moments for a parameter of `length` elements. */
export function createMoments(length: number): Moments {
  return { first: new Float32Array(length), second: new Float32Array(length) };
}

/** Names of a parameter's moments in a saved optimizer state, as PyTorch names them. */
export function momentNames(parameter: string): { first: string; second: string } {
  return { first: `${parameter}.exp_avg`, second: `${parameter}.exp_avg_sq` };
}

/**
 * The factors of one step: with bias corrections `c1 = 1 - beta1^step` and `c2 = 1 - beta2^step`,
 * `p -= lr · (m/c1) / (√(v/c2) + ε)` is computed as `p -= rate · m / (√v + ε')`, where `rate = lr · √c2 / c1` and
 * `ε' = ε · √c2`: one root and one division per element.
 *
 * @throws EngineError `E_STEP` if `step` is not an integer of at least 1.
 */
export function updateFactors(adamw: AdamWOptions, options: UpdateOptions): UpdateFactors {
  const { beta1, beta2, epsilon, weightDecay } = adamw;
  const { learningRate, step, decay, gradientScale = 1 } = options;
  if (!Number.isInteger(step) || step < 1) {
    throw new EngineError(
      "E_STEP",
      `Expected the number of this update, counted from 1, got ${step}. Add 1 to a step that is counted from 0.`,
    );
  }
  const secondCorrection = Math.sqrt(1 - beta2 ** step);
  return {
    keepFirst: beta1,
    addFirst: (1 - beta1) * gradientScale,
    keepSecond: beta2,
    addSecond: (1 - beta2) * gradientScale * gradientScale,
    keepParameter: decay ? 1 - learningRate * weightDecay : 1,
    rate: (learningRate * secondCorrection) / (1 - beta1 ** step),
    epsilon: epsilon * secondCorrection,
  };
}

/** Updates a range of a parameter and its moments in place, in one pass; arithmetic in float64, results in float32. */
export function updateRange(
  arrays: { parameter: Float32Array; gradient: Float32Array; moments: Moments },
  range: UpdateRange,
  factors: UpdateFactors,
): void {
  const { parameter, gradient } = arrays;
  const { first, second } = arrays.moments;
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
export class AdamW {
  readonly options: AdamWOptions;

  constructor(options: AdamWOptions) {
    this.options = options;
  }

  /**
   * Updates `parameter` and its moments in place; all arrays have the same length.
   *
   * @throws EngineError `E_SHAPE` if the lengths differ, `E_STEP` if `step` is not at least 1.
   */
  update(
    parameter: Float32Array,
    gradient: Float32Array,
    moments: Moments,
    options: UpdateOptions,
  ): void {
    const lengths = [gradient, moments.first, moments.second].map((array) => array.length);
    if (lengths.some((length) => length !== parameter.length)) {
      throw new EngineError(
        "E_SHAPE",
        `Expected a gradient and two moments of ${parameter.length} elements as the parameter has, got ${lengths.join(", ")}.`,
      );
    }
    const range = { offset: 0, gradientOffset: 0, count: parameter.length };
    updateRange({ parameter, gradient, moments }, range, updateFactors(this.options, options));
  }
}
