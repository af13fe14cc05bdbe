import { makeLinearModel, type LinearModel } from "./linear-model.ts";
import { sampleTexts } from "./sample.ts";
import { mergeSingletons } from "./sparse-rows.ts";
import { chooseStrength } from "./choose-strength.ts";
import { fitSoftmaxRegression, type Targets } from "./sparse-softmax-regression.ts";
import { Tfidf } from "./tfidf.ts";

export type { LinearFacts, LinearModel } from "./linear-model.ts";
export { loadLinear, saveLinear } from "./store-linear.ts";

export interface LinearOptions {
  texts: readonly string[];
  targets: Targets;
  /** Number of classes, C. */
  classes: number;
  seed: number;
  signal?: AbortSignal;
  /** Called after every regression that was fitted. */
  report?: (done: number, total: number) => void;
}

/** More texts than these are sampled: a linear model gains little from more, and its vocabulary would not end. */
export const MAX_TEXTS = 50_000;
/** Rarer terms are left out when terms × classes would be more: 16 times as many bytes at the peak. */
const MAX_WEIGHTS = 8_000_000;

/**
 * Trains the linear control: TF-IDF of words and pairs of words, multinomial logistic regression, its L2 strength chosen
 * on held-out texts of the training texts.
 *
 * @throws RangeError without texts. The signal's reason when it is aborted.
 */
export async function trainLinear(options: LinearOptions): Promise<LinearModel> {
  const { classes, seed, signal } = options;
  const { texts, targets } = sampleTexts(options, { limit: MAX_TEXTS, classes, seed });
  if (texts.length === 0)
    throw new RangeError("Expected texts to train a linear model on, got none.");
  const tfidf = Tfidf.fit(texts, Math.max(1, Math.floor(MAX_WEIGHTS / classes)));
  const merged = mergeSingletons(tfidf.transform(texts));
  const problem = { rows: merged.rows, targets, classes };
  const choice = await chooseStrength({
    problem,
    seed,
    ...(signal && { signal }),
    ...(options.report && { report: options.report }),
  });
  const items = texts.map((_, row) => row);
  const { weights, iterations, converged } = await fitSoftmaxRegression(
    { ...problem, items },
    { strength: choice.strength, start: choice.weights, ...(signal && { signal }) },
  );
  const facts = {
    texts: texts.length,
    strength: choice.strength,
    strengths: choice.scores,
    iterations,
    converged,
  };
  const bias = Float32Array.from(weights.subarray(merged.rows.width * classes));
  return makeLinearModel({ tfidf, weights: merged.expand(weights, classes), bias, facts });
}
