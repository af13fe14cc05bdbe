import { minimize } from "./lbfgs.ts";

/** Calibrated logits are `z / temperature + bias`. */
export interface Calibration {
  /** Above 0: more than 1 makes a teacher less sure, less than 1 surer. */
  temperature: number;
  /** `[C]`, sum 0; null: all zero. */
  bias: Float64Array | null;
}

/** Logits with their gold classes. */
export interface CalibrationTexts {
  /** `[N, C]`, row-major. */
  logits: Float32Array;
  /** Gold class indices, `[N]`. */
  labels: Int32Array;
  classes: number;
}

/** Why no temperature above 0 minimises the negative log-likelihood. */
export type Uncalibrated = "all-right" | "no-better-than-chance";

/** `z / T + b` of each row, as new float32 logits `[N, C]`. */
export function applyCalibration(
  logits: Float32Array,
  { temperature, bias }: Calibration,
): Float32Array {
  if (bias === null) return logits.map((logit) => logit / temperature);
  const classes = bias.length;
  return logits.map((logit, at) => logit / temperature + bias[at % classes]!);
}

/**
 * Temperature scaling (Guo et al. 2017, On Calibration of Modern Neural Networks, §4.2): the `T > 0` with the least
 *
 *     mean over texts of −log softmax(z / T + b)[gold]
 *
 * `b = 0`, or fitted too (bias-corrected temperature scaling, Alexandari et al. 2020) with `Σ b² / 2N` added, a unit
 * prior, since a class without a text would otherwise run away. The loss is convex in `(1/T, b)`, so that there is one
 * minimum, or none: where every text is right, smaller temperatures are better without end; where the teacher is no
 * better than chance, larger ones are.
 *
 * @param texts - N ≥ 1, C ≥ 2
 */
export async function fitCalibration(
  texts: CalibrationTexts,
  { bias }: { bias: boolean },
): Promise<Calibration | Uncalibrated> {
  const verdict = findMinimum(texts);
  if (verdict !== null) return verdict;
  // Scaled to a deviation of 1, the starting point is as good for logits of any size.
  const scale = deviation(texts);
  const start = new Float64Array(1 + (bias ? texts.classes : 0));
  const { x } = await minimize(
    (point, gradient) => evaluate(texts, { point, gradient, scale }),
    start,
    { gradientTolerance: 1e-10, noise: 1e-14 },
  );
  const temperature = scale * Math.exp(-x[0]!);
  if (!bias) return { temperature, bias: null };
  const offsets = x.slice(1);
  const mean = offsets.reduce((sum, value) => sum + value, 0) / offsets.length;
  return { temperature, bias: offsets.map((value) => value - mean) };
}

/** The loss and its gradient at `point` = (log of scale ÷ T, b…). */
function evaluate(
  { logits, labels, classes }: CalibrationTexts,
  { point, gradient, scale }: { point: Float64Array; gradient: Float64Array; scale: number },
): number {
  const inverse = Math.exp(point[0]!) / scale;
  const offset = (label: number): number => (point.length > 1 ? point[1 + label]! : 0);
  const row = new Float64Array(classes);
  const texts = labels.length;
  gradient.fill(0);
  let loss = 0;
  labels.forEach((gold, text) => {
    const first = text * classes;
    let largest = -Infinity;
    for (let label = 0; label < classes; label += 1) {
      row[label] = logits[first + label]! * inverse + offset(label);
      largest = Math.max(largest, row[label]!);
    }
    let sum = 0;
    for (let label = 0; label < classes; label += 1) sum += Math.exp(row[label]! - largest);
    loss += largest + Math.log(sum) - row[gold]!;
    for (let label = 0; label < classes; label += 1) {
      const error = Math.exp(row[label]! - largest) / sum - (label === gold ? 1 : 0);
      gradient[0]! += error * logits[first + label]! * inverse;
      if (point.length > 1) gradient[1 + label]! += error;
    }
  });
  for (let at = 1; at < point.length; at += 1) {
    loss += point[at]! ** 2 / 2;
    gradient[at]! += point[at]!;
  }
  for (let at = 0; at < gradient.length; at += 1) gradient[at]! /= texts;
  return loss / texts;
}

/**
 * Whether the loss has a minimum at some `1/T` in (0, ∞), by its derivative at both ends: `mean(mean z − z_gold)` at 0,
 * `mean(max z − z_gold)` at ∞.
 */
function findMinimum({ logits, labels, classes }: CalibrationTexts): Uncalibrated | null {
  let [atZero, atInfinity] = [0, 0];
  labels.forEach((gold, text) => {
    const row = logits.subarray(text * classes, (text + 1) * classes);
    const mean = row.reduce((sum, value) => sum + value, 0) / classes;
    atZero += mean - row[gold]!;
    atInfinity += row.reduce((most, value) => Math.max(most, value), -Infinity) - row[gold]!;
  });
  if (!(atInfinity > 0)) return "all-right";
  return atZero < 0 ? null : "no-better-than-chance";
}

/** Root of the mean square of the logits about their row's mean. */
function deviation({ logits, classes }: CalibrationTexts): number {
  let squares = 0;
  for (let first = 0; first < logits.length; first += classes) {
    const row = logits.subarray(first, first + classes);
    const mean = row.reduce((sum, value) => sum + value, 0) / classes;
    for (const value of row) squares += (value - mean) ** 2;
  }
  return Math.sqrt(squares / logits.length);
}
