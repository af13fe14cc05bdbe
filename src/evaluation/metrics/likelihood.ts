/**
 * Negative log-likelihood of each text's gold class, `−log p(gold)`, in nats. The mean over texts is scikit-learn's
 * `log_loss`.
 *
 * @param logProbabilities - `[N, C]`
 * @param gold - class indices, `[N]`
 * @returns `[N]`, each ≥ 0
 */
export function negativeLogLikelihoods(
  logProbabilities: Float64Array,
  gold: Int32Array,
  classes: number,
): Float64Array {
  return Float64Array.from(gold, (label, text) => -logProbabilities[text * classes + label]!);
}

/**
 * Brier score of each text in its original form, summed over all classes: `Σ_c (p_c − [c = gold])²`, 0 to 2
 * (Brier 1950). For two classes that is twice the half-scaled score that some tools print.
 *
 * @param logProbabilities - `[N, C]`
 * @param gold - class indices, `[N]`
 * @returns `[N]`
 */
export function brierScores(
  logProbabilities: Float64Array,
  gold: Int32Array,
  classes: number,
): Float64Array {
  return Float64Array.from(gold, (label, text) => {
    let sum = 0;
    for (let index = 0; index < classes; index += 1) {
      const difference =
        Math.exp(logProbabilities[text * classes + index]!) - (index === label ? 1 : 0);
      sum += difference * difference;
    }
    return sum;
  });
}
