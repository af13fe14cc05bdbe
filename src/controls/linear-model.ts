import type { StrengthScore } from "./choose-strength.ts";
import { addScores } from "./sparse-kernels.ts";
import type { Tfidf } from "./tfidf.ts";

/** A TF-IDF model over words and pairs of words with a softmax on top: what a student must beat. */
export interface LinearModel {
  readonly classes: number;
  readonly tfidf: Tfidf;
  /** `[F, C]`, row-major, in the order of the terms. */
  readonly weights: Float32Array;
  /** `[C]`. */
  readonly bias: Float32Array;
  readonly facts: LinearFacts;
  /** Trained numbers: `F · C + C`. */
  readonly parameters: number;
  /** Logits `[N, C]`, row-major, in the order of the texts. */
  logits(texts: readonly string[]): Float32Array;
}

/** How the model came about. */
export interface LinearFacts {
  /** Texts that it learned from. */
  texts: number;
  /** Chosen inverse of the L2 penalty. */
  strength: number;
  /** The choice: score of each strength on held-out texts. */
  strengths: StrengthScore[];
  iterations: number;
  converged: boolean;
}

/** The model of given terms and weights. */
export function makeLinearModel(parts: {
  tfidf: Tfidf;
  weights: Float32Array;
  bias: Float32Array;
  facts: LinearFacts;
}): LinearModel {
  const { tfidf, weights, bias } = parts;
  const classes = bias.length;
  return {
    ...parts,
    classes,
    parameters: weights.length + bias.length,
    logits(texts) {
      const logits = new Float32Array(texts.length * classes);
      const scores = new Float64Array(classes);
      const rows = tfidf.transform(texts);
      for (let row = 0; row < texts.length; row += 1) {
        scores.set(bias);
        addScores(rows, row, weights, scores);
        logits.set(scores, row * classes);
      }
      return logits;
    },
  };
}
