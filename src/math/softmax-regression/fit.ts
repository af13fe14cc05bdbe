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

/** Texts that share one pass over the weights: each weight is loaded once for all of them. */
const LANES = 4;

/**
 * Logits `x W + b` of vectors `[N, D]`, as `[N, C]` float32. Sums in float64 in the order of the features, each text's
 * on its own: a text's logits are the same bits alone and among others.
 */
export function applyClassifier(
  { weights, bias }: Classifier,
  vectors: Float32Array,
): Float32Array {
  const classes = bias.length;
  const features = weights.length / classes;
  const texts = vectors.length / features;
  const logits = new Float32Array(texts * classes);
  const columns = transpose(weights, classes);
  const lanes = texts - (texts % LANES);
  for (let text = 0; text < lanes; text += LANES)
    applyToFour(
      { columns, bias, features },
      vectors.subarray(text * features),
      logits.subarray(text * classes),
    );
  for (let text = lanes; text < texts; text += 1) {
    for (let label = 0; label < classes; label += 1) {
      let sum = bias[label]!;
      for (let feature = 0; feature < features; feature += 1)
        sum += columns[label * features + feature]! * vectors[text * features + feature]!;
      logits[text * classes + label] = sum;
    }
  }
  return logits;
}

/** `[D, C]` to `[C, D]`. */
function transpose(weights: Float32Array, classes: number): Float32Array {
  const features = weights.length / classes;
  const columns = new Float32Array(weights.length);
  for (let feature = 0; feature < features; feature += 1) {
    for (let label = 0; label < classes; label += 1)
      columns[label * features + feature] = weights[feature * classes + label]!;
  }
  return columns;
}

/** Logits of the first four of `vectors`, into the first four rows of `logits`. */
function applyToFour(
  { columns, bias, features }: { columns: Float32Array; bias: Float32Array; features: number },
  vectors: Float32Array,
  logits: Float32Array,
): void {
  const classes = bias.length;
  for (let label = 0; label < classes; label += 1) {
    const row = label * features;
    let [a, b, c, d] = [bias[label]!, bias[label]!, bias[label]!, bias[label]!];
    for (let feature = 0; feature < features; feature += 1) {
      const weight = columns[row + feature]!;
      a += weight * vectors[feature]!;
      b += weight * vectors[features + feature]!;
      c += weight * vectors[2 * features + feature]!;
      d += weight * vectors[3 * features + feature]!;
    }
    logits[label] = a;
    logits[classes + label] = b;
    logits[2 * classes + label] = c;
    logits[3 * classes + label] = d;
  }
}
