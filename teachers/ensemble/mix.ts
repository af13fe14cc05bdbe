import { logSoftmax } from "../../src/math/softmax.ts";

/**
 * Logits whose softmax is the weighted mean of the members' probabilities, by log-sum-exp, in nats:
 *
 *     z_c = log Σ_m w_m · softmax(z_m)_c
 *
 * @param members - one row of raw logits per member, `[C]` each
 * @param weights - `[M]`, above 0, sum 1
 */
export function mixLogits(
  members: readonly Float32Array[],
  weights: ArrayLike<number>,
): Float32Array {
  const logs = members.map((logits, member) => {
    const share = Math.log(weights[member]!);
    return Float64Array.from(logSoftmax(logits), (value) => value + share);
  });
  return Float32Array.from(logs[0]!, (_, label) => {
    const largest = logs.reduce((most, row) => Math.max(most, row[label]!), -Infinity);
    const sum = logs.reduce((total, row) => total + Math.exp(row[label]! - largest), 0);
    return largest + Math.log(sum);
  });
}
