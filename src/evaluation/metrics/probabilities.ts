import { argmax } from "../../math/softmax.ts";

/**
 * Predicted class of each row: the first of the largest logits, as numpy's argmax.
 *
 * @param logits - `[N, C]`, row-major
 */
export function predictedClasses(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, text) =>
    argmax(logits.subarray(text * classes, (text + 1) * classes)),
  );
}

/**
 * `log softmax(z)` of each row in float64, in nats: nothing underflows before it is measured.
 *
 * @param logits - `[N, C]`, row-major
 * @returns `[N, C]`
 */
export function logProbabilities(logits: Float32Array, classes: number): Float64Array {
  const result = new Float64Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const { largest, sum } = shiftedSum(logits, start, classes);
    const logSum = Math.log(sum);
    // The shift comes first: rows that differ by a constant are equal to the bit, and ties stay ties.
    for (let index = start; index < start + classes; index += 1) {
      result[index] = logits[index]! - largest - logSum;
    }
  }
  return result;
}

/**
 * Probability of the predicted class of each row: `1 ÷ Σ exp(z − max z)`.
 *
 * @param logits - `[N, C]`, row-major
 * @returns `[N]`, each from 1/C to 1
 */
export function largestProbabilities(logits: Float32Array, classes: number): Float64Array {
  return Float64Array.from(
    { length: logits.length / classes },
    (_, text) => 1 / shiftedSum(logits, text * classes, classes).sum,
  );
}

function shiftedSum(
  logits: Float32Array,
  start: number,
  classes: number,
): { largest: number; sum: number } {
  let largest = -Infinity;
  for (let index = start; index < start + classes; index += 1) {
    largest = Math.max(largest, logits[index]!);
  }
  let sum = 0;
  for (let index = start; index < start + classes; index += 1) {
    sum += Math.exp(logits[index]! - largest);
  }
  return { largest, sum };
}
