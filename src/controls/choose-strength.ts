import { splitFold, stratifiedFolds } from "../math/folds.ts";
import type { Vector } from "../math/lbfgs.ts";
import { argmax } from "../math/softmax.ts";
import { addScores } from "./sparse-kernels.ts";
import { fitSoftmaxRegression, type RegressionProblem } from "./sparse-softmax-regression.ts";

/** Inverse L2 penalties that are tried, weakest model first, so that each starts from the one before it. */
export const STRENGTHS = [1, 5, 20, 100] as const;
/** Taken where nothing can be held out. */
const USUAL_STRENGTH = 20;
/** From these many texts on one held-out fifth says as much as three folds do on fewer. */
const LARGE = 3000;
/** Looser than for the final model: the held-out score settles long before the weights do. */
const TOLERANCE = 3e-2;

export interface StrengthScore {
  strength: number;
  /** Share of held-out texts whose likeliest class is the wanted one. */
  accuracy: number;
  /** Mean negative log-likelihood of the wanted class, in nats. */
  nll: number;
}

export interface StrengthChoice {
  strength: number;
  scores: StrengthScore[];
  /** Weights at that strength on part of the rows, where the final fit may start; zeros where nothing was tried. */
  weights: Vector;
}

export interface StrengthOptions {
  /** Over all rows: `targets` has one for each. */
  problem: Omit<RegressionProblem, "items">;
  seed: number;
  signal?: AbortSignal;
  /** Called after every regression that was fitted; the total counts the final one too. */
  report?: (done: number, total: number) => void;
}

interface Trial {
  strength: number;
  heldOut: number;
  right: number;
  loss: number;
  weights: Vector;
}

/**
 * Chooses the L2 strength of a regression by stratified cross-validation on its own training rows: three folds, or one
 * held-out fifth from 3,000 rows on. The best accuracy wins, among equals the lower NLL. Where no class has two rows
 * nothing can be held out, and 20 is taken.
 */
export async function chooseStrength(options: StrengthOptions): Promise<StrengthChoice> {
  const { rows, classes } = options.problem;
  const wanted = wantedLabels(options.problem);
  const folds = makeFolds(wanted, options.seed);
  const trials = STRENGTHS.map((strength): Trial => ({
    strength,
    heldOut: 0,
    right: 0,
    loss: 0,
    weights: new Float64Array(0),
  }));
  const total = folds.length * trials.length + 1;
  let done = 0;
  for (const { training, heldOut } of folds) {
    let start: Vector | undefined;
    for (const trial of trials) {
      start = await fit(options, training, trial.strength, start);
      trial.weights = start;
      score(options.problem, wanted, heldOut, trial);
      done += 1;
      options.report?.(done, total);
    }
  }
  if (folds.length === 0) {
    const weights = new Float64Array((rows.width + 1) * classes);
    return { strength: USUAL_STRENGTH, scores: [], weights };
  }
  const best = trials.reduce((one, other) => (isBetter(other, one) ? other : one));
  const scores = trials.map(({ strength, heldOut, right, loss }) => ({
    strength,
    accuracy: right / heldOut,
    nll: loss / heldOut,
  }));
  return { strength: best.strength, scores, weights: best.weights };
}

function isBetter(one: Trial, other: Trial): boolean {
  return one.right > other.right || (one.right === other.right && one.loss < other.loss);
}

/** The index of each row's class; the likeliest where the targets are probabilities. */
function wantedLabels({ rows, targets, classes }: StrengthOptions["problem"]): Int32Array {
  return Int32Array.from({ length: rows.starts.length - 1 }, (_, row) =>
    "labels" in targets
      ? targets.labels[row]!
      : argmax(targets.probabilities.subarray(row * classes, (row + 1) * classes)),
  );
}

function makeFolds(wanted: Int32Array, seed: number): { training: number[]; heldOut: number[] }[] {
  const large = wanted.length >= LARGE;
  const assigned = stratifiedFolds(wanted, large ? 5 : 3, seed);
  return (large ? [0] : [0, 1, 2])
    .map((fold) => splitFold(assigned, fold))
    .filter(({ heldOut }) => heldOut.length > 0);
}

async function fit(
  { problem, signal }: StrengthOptions,
  items: readonly number[],
  strength: number,
  start: Vector | undefined,
): Promise<Vector> {
  const options = {
    strength,
    tolerance: TOLERANCE,
    ...(start && { start }),
    ...(signal && { signal }),
  };
  return (await fitSoftmaxRegression({ ...problem, items }, options)).weights;
}

/** Adds what the trial's weights say about the held-out rows. */
function score(
  { rows, classes }: StrengthOptions["problem"],
  wanted: Int32Array,
  heldOut: readonly number[],
  trial: Trial,
): void {
  const bias = trial.weights.subarray(rows.width * classes);
  const scores = new Float64Array(classes);
  for (const row of heldOut) {
    scores.set(bias);
    addScores(rows, row, trial.weights, scores);
    const label = wanted[row]!;
    const best = argmax(scores);
    const sum = scores.reduce((total, value) => total + Math.exp(value - scores[best]!), 0);
    trial.right += best === label ? 1 : 0;
    trial.loss += Math.log(sum) + scores[best]! - scores[label]!;
    trial.heldOut += 1;
  }
}
