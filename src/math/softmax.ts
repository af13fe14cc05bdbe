import { LimbeckError } from "../errors.ts";

/**
 * Probabilities `p_i = exp(z_i / T) / Σ_j exp(z_j / T)` of one row of logits, computed after subtracting the largest,
 * so that no logit is too large or too small.
 *
 * @param logits - `[C]`, `C` ≥ 1.
 * @param temperature - `T` > 0; default 1.
 * @throws LimbeckError `E_SHAPE` if there are no classes. RangeError if the temperature is not positive.
 */
export function softmax(logits: Float32Array, temperature = 1): Float32Array {
  const [shifted, logSum] = shift(logits, temperature);
  return Float32Array.from(shifted, (value) => Math.exp(value - logSum));
}

/** `log softmax(z / T)` of one row of logits, in nats; see `softmax` for arguments and errors. */
export function logSoftmax(logits: Float32Array, temperature = 1): Float32Array {
  const [shifted, logSum] = shift(logits, temperature);
  return Float32Array.from(shifted, (value) => value - logSum);
}

/**
 * Index of the largest value; the first of equal ones.
 *
 * @throws LimbeckError `E_SHAPE` if there are no values.
 */
export function argmax(values: ArrayLike<number>): number {
  requireClasses(values);
  let best = 0;
  for (let index = 1; index < values.length; index += 1) {
    if (values[index]! > values[best]!) best = index;
  }
  return best;
}

/** Shannon entropy `-Σ p_i log p_i` of one row of probabilities, in nats; `0 log 0` counts as 0. */
export function entropy(probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < probabilities.length; index += 1) {
    const probability = probabilities[index]!;
    if (probability > 0) sum -= probability * Math.log(probability);
  }
  return sum;
}

/** `(z - max z) / T` in float64, and the logarithm of the sum of its exponentials. */
function shift(logits: Float32Array, temperature: number): [shifted: Float64Array, logSum: number] {
  requireClasses(logits);
  if (!(temperature > 0))
    throw new RangeError(`Expected a temperature above 0, got ${temperature}.`);
  const largest = logits[argmax(logits)]!;
  const shifted = Float64Array.from(logits, (logit) => (logit - largest) / temperature);
  return [shifted, Math.log(shifted.reduce((sum, value) => sum + Math.exp(value), 0))];
}

function requireClasses(row: ArrayLike<number>): void {
  if (row.length === 0) throw new LimbeckError("E_SHAPE", "Expected at least one class, got none.");
}
