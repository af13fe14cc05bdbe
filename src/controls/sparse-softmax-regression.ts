import { setImmediate } from "node:timers/promises";
import { minimize, type Vector } from "../math/lbfgs.ts";
import { addOuterProduct, addScores } from "./sparse-kernels.ts";
import type { SparseRows } from "./sparse-rows.ts";

/** What each row should be: the index of its class, `[N]`, or probabilities of all classes, `[N, C]`. */
export type Targets = { labels: ArrayLike<number> } | { probabilities: Float32Array };

export interface RegressionProblem {
  rows: SparseRows;
  targets: Targets;
  classes: number;
  /** Rows to learn from. */
  items: readonly number[];
}

export interface RegressionOptions {
  /** Inverse of the L2 penalty, as scikit-learn's `C`; above 0. */
  strength: number;
  /** Weights to start from; zeros where not given. */
  start?: Vector;
  /** Largest entry of the scaled gradient, `|g_j| / d_j`, at which it stops. Default 3e-3. */
  tolerance?: number;
  /** Default 300. */
  maxIterations?: number;
  signal?: AbortSignal;
}

export interface Regression {
  /** `[width + 1, C]`, row-major; the last row is the bias. */
  weights: Vector;
  /** The objective at the weights. */
  value: number;
  iterations: number;
  evaluations: number;
  converged: boolean;
}

/** Vectors of curvature that L-BFGS keeps: each is as large as the weights, and more than these gain little. */
const MEMORY = 5;

/** Mean of `p (1 - p)` over classes and rows as a share of its value `(1 - 1/C) / C` before anything is learnt. */
const CURVATURE = 0.1;

/**
 * Multinomial logistic regression on sparse rows:
 * `min 1/n Σ_i CE(y_i, softmax(W x_i + b)) + ‖W‖² / (2 · strength · n)`, the bias without a penalty; the objective of
 * scikit-learn's `LogisticRegression(C=strength)`. (For two classes theirs has one weight vector, which halves the
 * penalty.)
 *
 * Minimised over `u = d · w`, where `d_j²` estimates the curvature `q/n Σ_i x_ij² + 1 / (strength · n)` of column `j`:
 * common words are a thousand times as curved as rare ones, and without the scale L-BFGS takes three times as many
 * steps. Timers and signals get their turn between two evaluations.
 *
 * @throws the signal's reason
 */
export async function fitSoftmaxRegression(
  problem: RegressionProblem,
  options: RegressionOptions,
): Promise<Regression> {
  const { strength, tolerance = 3e-3, maxIterations = 300, signal } = options;
  const penalty = 1 / (strength * problem.items.length);
  const scaled = scaleColumns(problem, penalty);
  const start = options.start ?? new Float64Array((problem.rows.width + 1) * problem.classes);
  const minimum = await minimize(
    async (weights, gradient) => {
      await setImmediate();
      return addData(scaled, weights, gradient) + addPenalty(scaled, weights, gradient);
    },
    multiplyRows(start, scaled.scale, problem.classes),
    { gradientTolerance: tolerance, maxIterations, memory: MEMORY, ...(signal && { signal }) },
  );
  const { value, iterations, evaluations, converged } = minimum;
  const inverse = scaled.scale.map((factor) => 1 / factor);
  const weights = multiplyRows(minimum.x, inverse, problem.classes);
  return { weights, value, iterations, evaluations, converged };
}

/** The problem over `u`: columns divided by `d`, and the penalty of each column, `λ / d²`, 0 for the bias. */
interface ScaledProblem extends RegressionProblem {
  /** `d`, `[width + 1]`. */
  scale: Float64Array;
  penalties: Float64Array;
}

function scaleColumns(problem: RegressionProblem, penalty: number): ScaledProblem {
  const { rows, items, classes } = problem;
  const { starts, columns, values, width } = rows;
  const squares = new Float64Array(width + 1);
  for (const row of items) {
    for (let entry = starts[row]!; entry < starts[row + 1]!; entry += 1) {
      squares[columns[entry]!]! += values[entry]! ** 2;
    }
  }
  squares[width] = items.length;
  const curvature = (CURVATURE * (1 - 1 / classes)) / (classes * items.length);
  const penalties = new Float64Array(width + 1).fill(penalty);
  penalties[width] = 0;
  const scale = squares.map((sum, column) => Math.sqrt(curvature * sum + penalties[column]!));
  return {
    ...problem,
    rows: { ...rows, values: values.map((value, entry) => value / scale[columns[entry]!]!) },
    scale,
    penalties: penalties.map((value, column) => value / scale[column]! ** 2),
  };
}

function multiplyRows(weights: Vector, factors: Float64Array, classes: number): Vector {
  const product = new Float64Array(weights.length);
  for (let row = 0, place = 0; row < factors.length; row += 1) {
    const factor = factors[row]!;
    for (let end = place + classes; place < end; place += 1)
      product[place] = factor * weights[place]!;
  }
  return product;
}

/** Mean cross-entropy; adds its gradient. */
function addData(problem: ScaledProblem, weights: Vector, gradient: Vector): number {
  const { rows, items, classes, targets } = problem;
  const bias = rows.width * classes;
  const biasValue = 1 / problem.scale[rows.width]!;
  const scores = new Float64Array(classes);
  let loss = 0;
  for (const row of items) {
    for (let index = 0; index < classes; index += 1)
      scores[index] = biasValue * weights[bias + index]!;
    addScores(rows, row, weights, scores);
    loss += toResidual(scores, targets, row, items.length);
    for (let index = 0; index < classes; index += 1)
      gradient[bias + index]! += biasValue * scores[index]!;
    addOuterProduct(rows, row, scores, gradient);
  }
  return loss / items.length;
}

/** Turns scores into `(softmax(scores) - y) / n`, in place, and returns the cross-entropy. */
function toResidual(scores: Float64Array, targets: Targets, row: number, count: number): number {
  const classes = scores.length;
  const wanted =
    "labels" in targets ? scores[targets.labels[row]!]! : expected(scores, targets, row);
  let largest = -Infinity;
  for (let index = 0; index < classes; index += 1) largest = Math.max(largest, scores[index]!);
  let sum = 0;
  for (let index = 0; index < classes; index += 1) {
    const exponential = Math.exp(scores[index]! - largest);
    scores[index] = exponential;
    sum += exponential;
  }
  const factor = 1 / (sum * count);
  for (let index = 0; index < classes; index += 1) scores[index]! *= factor;
  if ("labels" in targets) scores[targets.labels[row]!]! -= 1 / count;
  else {
    const offset = row * classes;
    for (let index = 0; index < classes; index += 1) {
      scores[index]! -= targets.probabilities[offset + index]! / count;
    }
  }
  return largest + Math.log(sum) - wanted;
}

/** `Σ_c y_c z_c`. */
function expected(
  scores: Float64Array,
  targets: { probabilities: Float32Array },
  row: number,
): number {
  let sum = 0;
  for (let index = 0; index < scores.length; index += 1) {
    sum += targets.probabilities[row * scores.length + index]! * scores[index]!;
  }
  return sum;
}

/** `Σ_j penalty_j / 2 · ‖W_j‖²`; adds its gradient. */
function addPenalty(
  { penalties, classes }: ScaledProblem,
  weights: Vector,
  gradient: Vector,
): number {
  let sum = 0;
  for (let row = 0, place = 0; row < penalties.length; row += 1) {
    const penalty = penalties[row]!;
    for (let end = place + classes; place < end; place += 1) {
      const weighted = penalty * weights[place]!;
      sum += weighted * weights[place]!;
      gradient[place] = gradient[place]! + weighted;
    }
  }
  return sum / 2;
}
