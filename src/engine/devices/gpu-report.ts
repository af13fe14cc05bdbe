import { nonFiniteError } from "../program/training.ts";
import type { StepResult } from "../types.ts";

/** What a step says of itself. */
export interface Report {
  loss: number;
  terms: Record<string, number>;
  /** Of each learned tensor's gradient, as float32 sums. */
  squares: readonly number[];
}

/** @param numbers - loss, terms, squared norms, as the graphs join them */
export function readReport(numbers: Float32Array, terms: readonly string[]): Report {
  return {
    loss: numbers[0]!,
    terms: Object.fromEntries(terms.map((name, index) => [name, numbers[1 + index]!])),
    squares: [...numbers.subarray(1 + terms.length)],
  };
}

/**
 * The result of a step, if it is one.
 *
 * @param learned - names, in the order of the squares
 * @throws EngineError `E_NONFINITE` naming the first tensor whose gradient holds NaN or infinity (or numbers beyond
 * 1e19, whose squares float32 cannot hold).
 */
export function checkReport(
  { loss, terms, squares }: Report,
  learned: readonly string[],
  step: number,
): StepResult {
  const index = squares.findIndex((square) => !Number.isFinite(square));
  if (index >= 0) {
    throw nonFiniteError(
      step,
      `Expected finite gradients, got a sum of squares of ${String(squares[index])} in ${learned[index]!} (loss ${String(loss)}). Lower the learning rate, clip gradients, or look for infinite inputs.`,
    );
  }
  if (!Number.isFinite(loss)) {
    throw nonFiniteError(
      step,
      `Expected a finite loss, got ${String(loss)}, while all gradients are finite. Look for infinite or NaN inputs of the loss.`,
    );
  }
  const gradientNorm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  return { loss, terms, gradientNorm };
}
