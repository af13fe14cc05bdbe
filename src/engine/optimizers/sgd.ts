import type { SgdOptions } from "../types.ts";
import { checkOption, checkStep } from "./checks.ts";
import { SMALLEST_NORMAL } from "./denormals.ts";
import type {
  Optimizer,
  RangeUpdate,
  UpdateArrays,
  UpdateOptions,
  UpdateRange,
} from "./optimizer.ts";

interface SgdFactors {
  momentum: number;
  nesterov: boolean;
  learningRate: number;
  weightDecay: number;
  gradientScale: number;
}

/**
 * Gradient descent with momentum, in PyTorch's formulation (`torch.optim.SGD`, no dampening):
 * `g ← g + λp`, `b ← μb + g`, `p ← p - lr · b`, with Nesterov's momentum `p ← p - lr · (g + μb)`.
 *
 * Sutskever et al. (2013), section 2. https://proceedings.mlr.press/v28/sutskever13.html
 */
export class Sgd implements Optimizer {
  readonly stateNames: readonly string[];
  private readonly options: Omit<SgdOptions, "weightDecay">;

  /** @throws EngineError `E_OPTIMIZER` naming an option that is out of its range. */
  constructor(options: Omit<SgdOptions, "weightDecay">) {
    checkOption("momentum", options.momentum, 0, 1);
    this.options = options;
    this.stateNames = options.momentum === 0 ? [] : ["momentum_buffer"];
  }

  prepare({ learningRate, step, weightDecay, gradientScale = 1 }: UpdateOptions): RangeUpdate {
    checkStep(step);
    const { momentum, nesterov = false } = this.options;
    const factors = { momentum, nesterov, learningRate, weightDecay, gradientScale };
    return momentum === 0
      ? (arrays, range) => {
          descend(arrays, range, factors);
        }
      : (arrays, range) => {
          descendWithMomentum(arrays, range, factors);
        };
  }
}

function descend(arrays: UpdateArrays, range: UpdateRange, factors: SgdFactors): void {
  const { parameter, gradient } = arrays;
  const { learningRate, weightDecay, gradientScale } = factors;
  const end = range.offset + range.count;
  let source = range.gradientOffset;
  for (let target = range.offset; target < end; target += 1, source += 1) {
    const slope = gradientScale * gradient[source]! + weightDecay * parameter[target]!;
    parameter[target] = parameter[target]! - learningRate * slope;
  }
}

function descendWithMomentum(arrays: UpdateArrays, range: UpdateRange, factors: SgdFactors): void {
  const { parameter, gradient, state } = arrays;
  const buffer = state[0]!;
  const { momentum, nesterov, learningRate, weightDecay, gradientScale } = factors;
  const end = range.offset + range.count;
  let source = range.gradientOffset;
  for (let target = range.offset; target < end; target += 1, source += 1) {
    const slope = gradientScale * gradient[source]! + weightDecay * parameter[target]!;
    let velocity = momentum * buffer[target]! + slope;
    if (Math.abs(velocity) < SMALLEST_NORMAL) velocity = 0;
    buffer[target] = velocity;
    const move = nesterov ? slope + momentum * velocity : velocity;
    parameter[target] = parameter[target]! - learningRate * move;
  }
}
