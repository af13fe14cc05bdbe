import { minimize, type Objective, type Vector } from "../lbfgs.ts";
import type { ClassificationLoss, Classifier } from "./loss.ts";

export interface FitOptions {
  /** C, the inverse of the penalty: larger fits the texts more closely. Above 0. */
  strength: number;
  /** Where to start; zeros by default. */
  start?: Classifier;
  /** Converged when no entry of the gradient of the mean loss is larger. Default 1e-5. */
  gradientTolerance?: number;
  signal?: AbortSignal;
}

export interface FittedClassifier extends Classifier {
  strength: number;
  iterations: number;
  evaluations: number;
  converged: boolean;
  /** Largest absolute entry of the gradient of the mean loss at the end. */
  gradientSize: number;
}

/**
 * Rounding of the mean loss, which the engine computes in float32: 1e-8 to 1e-7 beside float64 on 60 × 8 × 4 and
 * 770 × 384 × 77 numbers. A line search that took such differences for real tried three times as many steps and
 * stopped before it converged.
 */
const LOSS_NOISE = 1e-6;

/** `mean CE + ‖W‖² / (2 C n)` over `x` = W `[D, C]` row by row, then b `[C]`. */
function penalized(loss: ClassificationLoss, strength: number): Objective {
  const split = loss.features * loss.classes;
  const decay = 1 / (strength * loss.texts);
  const weights = new Float32Array(split);
  const bias = new Float32Array(loss.classes);
  return async (x, gradient) => {
    weights.set(x.subarray(0, split));
    bias.set(x.subarray(split));
    const result = await loss.evaluate({ weights, bias });
    let norm = 0;
    for (let index = 0; index < split; index += 1) {
      norm += x[index]! * x[index]!;
      gradient[index] = result.gradient.weights[index]! + decay * x[index]!;
    }
    gradient.set(result.gradient.bias, split);
    return result.value + 0.5 * decay * norm;
  };
}

function pack(loss: ClassificationLoss, start: Classifier | undefined): Vector {
  const split = loss.features * loss.classes;
  const x = new Float64Array(split + loss.classes);
  if (start !== undefined) {
    x.set(start.weights);
    x.set(start.bias, split);
  }
  return x;
}

/**
 * Multinomial logistic regression by L-BFGS: minimises `C · Σ CE + ½ ‖W‖²`, the bias unpenalised, which is
 * scikit-learn's LogisticRegression, divided by C · n so that tolerances do not depend on the number of texts.
 */
export async function fitSoftmaxRegression(
  loss: ClassificationLoss,
  { strength, start, gradientTolerance = 1e-5, signal }: FitOptions,
): Promise<FittedClassifier> {
  const split = loss.features * loss.classes;
  const { x, ...rest } = await minimize(penalized(loss, strength), pack(loss, start), {
    gradientTolerance,
    noise: LOSS_NOISE,
    ...(signal && { signal }),
  });
  return {
    weights: Float32Array.from(x.subarray(0, split)),
    bias: Float32Array.from(x.subarray(split)),
    strength,
    iterations: rest.iterations,
    evaluations: rest.evaluations,
    converged: rest.converged,
    gradientSize: rest.gradientSize,
  };
}
