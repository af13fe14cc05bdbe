/** Smaller shares of a mixture are taken for none. */
const NEGLIGIBLE = 1e-6;

export interface MixtureWeights {
  /** `[M]`, each 0 to 1, sum 1. */
  weights: Float64Array;
  /** Mean negative log-likelihood in nats. */
  nll: number;
  /** The least possible is at most this much lower. */
  gap: number;
  iterations: number;
}

/**
 * The weights on the simplex with the least `−mean_n log Σ_m w_m p_m(n)`, by expectation maximisation:
 * `w_m ← w_m · mean_n (p_m(n) ÷ Σ_k w_k p_k(n))` (Dempster, Laird & Rubin 1977, §4.3). The loss is convex, so that this is the
 * minimum, and `max_m mean_n (p_m(n) ÷ Σ_k w_k p_k(n)) − 1` bounds how far it still is (its duality gap).
 *
 * @param likelihoods - one array per member: probability that it gives to each text's gold class, `[N]`, 0 to 1
 * @param tolerance - of the gap, in nats; default 1e-9
 */
export function fitMixtureWeights(
  likelihoods: readonly Float64Array[],
  { tolerance = 1e-9, maxIterations = 20_000 } = {},
): MixtureWeights {
  const members = likelihoods.length;
  const texts = likelihoods[0]?.length ?? 0;
  if (members === 0 || texts === 0)
    throw new RangeError(`Expected members and texts, got ${members} and ${texts}.`);
  // A text that no member gives any chance would make the loss infinite whatever the weights are.
  const chances = likelihoods.map((one) => one.map((value) => Math.max(value, 1e-300)));
  let weights = new Float64Array(members).fill(1 / members);
  let step = look(chances, weights);
  let iterations = 0;
  while (step.gap > tolerance && iterations < maxIterations) {
    weights = weights.map((weight, member) => weight * step.gains[member]!);
    step = look(chances, weights);
    iterations += 1;
  }
  const kept = withoutNegligible(weights);
  const { nll, gap } = look(chances, kept);
  return { weights: kept, nll, gap, iterations };
}

/** Loss, gap, and `mean_n (p_m(n) ÷ Σ_k w_k p_k(n))` of each member. */
function look(
  chances: readonly Float64Array[],
  weights: Float64Array,
): { nll: number; gap: number; gains: Float64Array } {
  const texts = chances[0]!.length;
  const gains = new Float64Array(weights.length);
  let nll = 0;
  for (let text = 0; text < texts; text += 1) {
    let mixed = 0;
    for (let member = 0; member < weights.length; member += 1)
      mixed += weights[member]! * chances[member]![text]!;
    nll -= Math.log(mixed) / texts;
    for (let member = 0; member < weights.length; member += 1)
      gains[member]! += chances[member]![text]! / mixed / texts;
  }
  return { nll, gap: Math.max(...gains) - 1, gains };
}

function withoutNegligible(weights: Float64Array): Float64Array<ArrayBuffer> {
  const kept = weights.map((weight) => (weight < NEGLIGIBLE ? 0 : weight));
  const sum = kept.reduce((total, weight) => total + weight, 0);
  return kept.map((weight) => weight / sum);
}
