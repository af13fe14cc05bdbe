type Vector = Float64Array<ArrayBuffer>;

/** A place where the objective was evaluated. */
export interface LinePoint {
  x: Vector;
  value: number;
  gradient: Vector;
}

/** A point on the line: the step `α`, `φ(α)` and `φ'(α)`. */
interface Trial {
  alpha: number;
  value: number;
  slope: number;
  point: LinePoint;
}

const SUFFICIENT_DECREASE = 1e-4; // c₁
const CURVATURE = 0.9; // c₂, for quasi-Newton directions
const GROWTH = 2;
const MAX_TRIALS = 30;

function slopeAlong(gradient: Vector, direction: Vector): number {
  let sum = 0;
  for (let index = 0; index < direction.length; index += 1)
    sum += gradient[index]! * direction[index]!;
  return sum;
}

/** Minimum of the cubic through two values and slopes (3.59), kept inside the middle 80 % of the bracket. */
function interpolate(a: Trial, b: Trial): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.alpha - b.alpha);
  const d2 = Math.sign(b.alpha - a.alpha) * Math.sqrt(d1 * d1 - a.slope * b.slope);
  const cubic =
    b.alpha - ((b.alpha - a.alpha) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
  const low = Math.min(a.alpha, b.alpha);
  const width = Math.abs(b.alpha - a.alpha);
  if (!Number.isFinite(cubic)) return low + width / 2;
  return Math.min(low + 0.9 * width, Math.max(low + 0.1 * width, cubic));
}

/** The conditions that a step is held to. */
class Conditions {
  private readonly start: Trial;
  private readonly slack: number;

  constructor(start: Trial, noise: number) {
    this.start = start;
    this.slack = noise * Math.max(1, Math.abs(start.value));
  }

  /** Not a sufficient decrease: `φ(α) > φ(0) + c₁ α φ'(0)`, beyond what rounding explains. */
  tooHigh(trial: Trial): boolean {
    const limit = this.start.value + SUFFICIENT_DECREASE * trial.alpha * this.start.slope;
    return !(trial.value <= limit + this.slack);
  }

  /** `|φ'(α)| ≤ c₂ |φ'(0)|`. */
  flat(trial: Trial): boolean {
    return Math.abs(trial.slope) <= -CURVATURE * this.start.slope;
  }
}

type Try = (alpha: number) => Promise<Trial>;

/** Shrinks a bracket that holds an acceptable step (algorithm 3.6). */
async function zoom(
  attempt: Try,
  conditions: Conditions,
  low: Trial,
  high: Trial,
): Promise<Trial | null> {
  for (let trial = 0; trial < MAX_TRIALS; trial += 1) {
    const middle = await attempt(interpolate(low, high));
    if (conditions.tooHigh(middle) || middle.value >= low.value) {
      // Where values drown in rounding the slope still tells: a flat point that is not too high will do.
      if (!conditions.tooHigh(middle) && conditions.flat(middle)) return middle;
      high = middle;
    } else {
      if (conditions.flat(middle)) return middle;
      if (middle.slope * (high.alpha - low.alpha) >= 0) high = low;
      low = middle;
    }
  }
  return low.alpha > 0 ? low : null;
}

/**
 * Finds a step along a descent direction that meets the strong Wolfe conditions (Nocedal & Wright, algorithms 3.5 and
 * 3.6, c₁ = 1e-4, c₂ = 0.9), or null where there is none: the direction does not descend, or rounding hides it.
 *
 * @param first - first step to try
 * @param noise - rounding error of a value, relative to the larger of 1 and the value
 */
export async function searchLine(
  evaluate: (x: Vector) => Promise<LinePoint>,
  from: LinePoint,
  direction: Vector,
  first: number,
  noise: number,
): Promise<LinePoint | null> {
  const start: Trial = {
    alpha: 0,
    value: from.value,
    slope: slopeAlong(from.gradient, direction),
    point: from,
  };
  if (!(start.slope < 0)) return null;
  const attempt: Try = async (alpha) => {
    // A plain loop: `map` with a closure took half of the time of a fit with millions of weights.
    const x = from.x.slice();
    for (let index = 0; index < x.length; index += 1) x[index]! += alpha * direction[index]!;
    const point = await evaluate(x);
    const value = Number.isFinite(point.value) ? point.value : Infinity;
    return { alpha, value, slope: slopeAlong(point.gradient, direction), point };
  };
  const conditions = new Conditions(start, noise);
  let previous = start;
  let alpha = first;
  for (let trial = 0; trial < MAX_TRIALS; trial += 1) {
    const current = await attempt(alpha);
    if (conditions.tooHigh(current) || (trial > 0 && current.value >= previous.value)) {
      if (!conditions.tooHigh(current) && conditions.flat(current)) return current.point;
      return (await zoom(attempt, conditions, previous, current))?.point ?? null;
    }
    if (conditions.flat(current)) return current.point;
    if (current.slope >= 0)
      return (await zoom(attempt, conditions, current, previous))?.point ?? null;
    previous = current;
    alpha *= GROWTH;
  }
  return previous.alpha > 0 ? previous.point : null;
}
