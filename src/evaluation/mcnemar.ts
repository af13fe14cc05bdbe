/** A two-sided test on counts. */
export interface BinaryTest {
  pValue: number;
}

/** log(n!) by summation, memoized: exact to rounding for the counts of a test split. */
function logFactorials(upTo: number): Float64Array {
  const table = new Float64Array(upTo + 1);
  for (let n = 2; n <= upTo; n += 1) table[n] = table[n - 1]! + Math.log(n);
  return table;
}

/**
 * Exact two-sided binomial test of `successes` in `trials` against probability ½: the sum of the probabilities of all
 * outcomes that are no likelier than the one seen. At ½ the distribution is symmetric, so that is twice the smaller
 * tail, at most 1. No trial at all: 1.
 */
export function binomialTest(successes: number, trials: number): number {
  if (trials === 0) return 1;
  const smaller = Math.min(successes, trials - successes);
  if (2 * smaller === trials) return 1;
  const logs = logFactorials(trials);
  let tail = 0;
  for (let count = 0; count <= smaller; count += 1) {
    tail += Math.exp(logs[trials]! - logs[count]! - logs[trials - count]! - trials * Math.LN2);
  }
  return Math.min(1, 2 * tail);
}

/**
 * McNemar's test in its exact form (McNemar 1947; exact after Edwards 1948 and later texts): of the texts that exactly
 * one of two systems gets right, is either system's share further from ½ than chance would have it?
 *
 * @param first - 1 where the first system is right, per text
 * @param second - the same for the second, same texts in the same order
 */
export function mcnemar(
  first: Uint8Array,
  second: Uint8Array,
): BinaryTest & { firstOnly: number; secondOnly: number } {
  let firstOnly = 0;
  let secondOnly = 0;
  for (let text = 0; text < first.length; text += 1) {
    if (first[text]! > second[text]!) firstOnly += 1;
    else if (first[text]! < second[text]!) secondOnly += 1;
  }
  return { firstOnly, secondOnly, pValue: binomialTest(firstOnly, firstOnly + secondOnly) };
}
