import { searchLine, type LinePoint } from "./line-search.ts";

export type Vector = Float64Array<ArrayBuffer>;
/** Writes the gradient at `x` into `gradient` and returns the value; may be synchronous or asynchronous. */
export type Objective = (x: Vector, gradient: Vector) => number | Promise<number>;

export interface MinimizeOptions {
  /** Converged when the largest absolute entry of the gradient is at most this. Default 1e-5. */
  gradientTolerance?: number;
  /** Default 1000. */
  maxIterations?: number;
  /** Pairs of steps and gradient changes that stand for the curvature. Default 10. */
  memory?: number;
  /** Rounding error of a value, relative to the larger of 1 and the value: no decrease below it is asked for. Default 1e-8. */
  noise?: number;
  /** Stops between two iterations with the signal's reason. */
  signal?: AbortSignal;
}

export interface Minimum {
  x: Vector;
  value: number;
  /** Largest absolute entry of the gradient at `x`. */
  gradientSize: number;
  iterations: number;
  evaluations: number;
  /** False when the iterations ran out or rounding stopped all progress before the tolerance was met. */
  converged: boolean;
}

/** A step `s`, the change of the gradient over it `y`, and `1 / sᵀy`. */
interface Pair {
  step: Vector;
  change: Vector;
  scale: number;
}

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += a[index]! * b[index]!;
  return sum;
}

/** `y += factor · x`, in place. */
function addScaled(y: Vector, factor: number, x: Vector): void {
  for (let index = 0; index < y.length; index += 1) y[index]! += factor * x[index]!;
}

function largest(x: Vector): number {
  let size = 0;
  for (const value of x) size = Math.max(size, Math.abs(value));
  return size;
}

/** `-H g` by the two-loop recursion (algorithm 7.4), with `H⁰ = sᵀy / yᵀy · I` (7.20). */
function direction(gradient: Vector, pairs: readonly Pair[]): Vector {
  const result = gradient.slice();
  for (let index = 0; index < result.length; index += 1) result[index] = -result[index]!;
  const factors = new Array<number>(pairs.length);
  for (let index = pairs.length - 1; index >= 0; index -= 1) {
    const pair = pairs[index]!;
    factors[index] = pair.scale * dot(pair.step, result);
    addScaled(result, -factors[index]!, pair.change);
  }
  const newest = pairs.at(-1);
  if (newest !== undefined) {
    const scale = 1 / (newest.scale * dot(newest.change, newest.change));
    for (let index = 0; index < result.length; index += 1) result[index]! *= scale;
  }
  pairs.forEach((pair, index) => {
    addScaled(result, factors[index]! - pair.scale * dot(pair.change, result), pair.step);
  });
  return result;
}

/** Keeps a pair whose curvature `sᵀy` is safely positive, which keeps `H` positive definite. */
function remember(pairs: Pair[], memory: number, from: LinePoint, to: LinePoint): void {
  const step = to.x.slice();
  addScaled(step, -1, from.x);
  const change = to.gradient.slice();
  addScaled(change, -1, from.gradient);
  const curvature = dot(step, change);
  if (curvature <= Number.EPSILON * dot(change, change)) return;
  pairs.push({ step, change, scale: 1 / curvature });
  if (pairs.length > memory) pairs.shift();
}

/**
 * Minimises a smooth function by L-BFGS with a line search for the strong Wolfe conditions: algorithm 7.5 of Nocedal &
 * Wright, Numerical Optimization, second edition. Deterministic. When the line search fails on the remembered
 * curvature it starts again from steepest descent once.
 *
 * @param start - `[n]`; not changed
 * @throws RangeError when the objective is not finite at the start. Whatever the objective throws passes through.
 */
export async function minimize(
  objective: Objective,
  start: Vector,
  options: MinimizeOptions = {},
): Promise<Minimum> {
  const {
    gradientTolerance = 1e-5,
    maxIterations = 1000,
    memory = 10,
    noise = 1e-8,
    signal,
  } = options;
  let evaluations = 0;
  const evaluate = async (x: Vector): Promise<LinePoint> => {
    const gradient = new Float64Array(x.length);
    evaluations += 1;
    return { x, gradient, value: await objective(x, gradient) };
  };
  let point = await evaluate(start.slice());
  if (!Number.isFinite(point.value))
    throw new RangeError(`Expected a finite value at the start, got ${point.value}.`);
  const pairs: Pair[] = [];
  let iterations = 0;
  while (largest(point.gradient) > gradientTolerance && iterations < maxIterations) {
    signal?.throwIfAborted();
    const towards = direction(point.gradient, pairs);
    // Without curvature a step of length 1 in x is a cautious first guess; with it the full step is the right one.
    const first = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(towards, towards))) : 1;
    const next = await searchLine(evaluate, point, towards, first, noise);
    if (next === null && pairs.length === 0) break;
    if (next === null) {
      pairs.length = 0;
      continue;
    }
    remember(pairs, memory, point, next);
    point = next;
    iterations += 1;
  }
  const gradientSize = largest(point.gradient);
  const converged = gradientSize <= gradientTolerance;
  return { x: point.x, value: point.value, gradientSize, iterations, evaluations, converged };
}
