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
const LANES = 8;

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
  const lanes = new Float64Array(LANES * features);
  for (let text = 0; text < texts; text += LANES) {
    // Side by side, so that a step reads one stretch of memory; lanes without a text keep an older one's numbers.
    for (let lane = 0; lane < Math.min(LANES, texts - text); lane += 1) {
      const from = (text + lane) * features;
      for (let feature = 0; feature < features; feature += 1)
        lanes[feature * LANES + lane] = vectors[from + feature]!;
    }
    applyToLanes({ columns, bias, lanes }, logits.subarray(text * classes));
  }
  return logits;
}

/** `[D, C]` to `[C, D]`. */
function transpose(weights: Float32Array, classes: number): Float64Array {
  const features = weights.length / classes;
  const columns = new Float64Array(weights.length);
  for (let feature = 0; feature < features; feature += 1) {
    for (let label = 0; label < classes; label += 1)
      columns[label * features + feature] = weights[feature * classes + label]!;
  }
  return columns;
}

/** Logits of the texts in the lanes `[D, 8]`, into as many rows of `logits` as there are. */
function applyToLanes(
  { columns, bias, lanes }: { columns: Float64Array; bias: Float32Array; lanes: Float64Array },
  logits: Float32Array,
): void {
  const classes = bias.length;
  const features = columns.length / classes;
  for (let label = 0; label < classes; label += 1) {
    const row = label * features;
    let a = bias[label]!;
    let [b, c, d, e, f, g, h] = [a, a, a, a, a, a, a];
    for (let feature = 0; feature < features; feature += 1) {
      const weight = columns[row + feature]!;
      const place = feature * LANES;
      a += weight * lanes[place]!;
      b += weight * lanes[place + 1]!;
      c += weight * lanes[place + 2]!;
      d += weight * lanes[place + 3]!;
      e += weight * lanes[place + 4]!;
      f += weight * lanes[place + 5]!;
      g += weight * lanes[place + 6]!;
      h += weight * lanes[place + 7]!;
    }
    // Beyond the last row a typed array takes nothing.
    logits[label] = a;
    logits[label + classes] = b;
    logits[label + 2 * classes] = c;
    logits[label + 3 * classes] = d;
    logits[label + 4 * classes] = e;
    logits[label + 5 * classes] = f;
    logits[label + 6 * classes] = g;
    logits[label + 7 * classes] = h;
  }
}
