import { includesZero, percentileInterval, type Interval } from "./percentile.ts";
import type { ResampledMeasures } from "./resample.ts";
import {
  MEASURES,
  type GapClosed,
  type Measure,
  type MeasureSummary,
  type MeasureValues,
} from "./scores.ts";

/** A system's measures, seed by seed, and in every resample. */
export interface MeasuredSystem {
  seeds: readonly MeasureValues[];
  resamples: ResampledMeasures;
}

/** Mean of a measure over the seeds; null where it is not defined. */
function meanOf(seeds: readonly MeasureValues[], measure: Measure): number | null {
  let sum = 0;
  for (const values of seeds) {
    const value = values[measure];
    if (value === null) return null;
    sum += value;
  }
  return sum / seeds.length;
}

/** Sample deviation over the seeds, `√(Σ (x − mean)² ÷ (n − 1))`; null for a single seed. */
function deviationOf(
  seeds: readonly MeasureValues[],
  measure: Measure,
  mean: number,
): number | null {
  if (seeds.length < 2) return null;
  const squares = seeds.reduce((sum, values) => sum + (values[measure]! - mean) ** 2, 0);
  return Math.sqrt(squares / (seeds.length - 1));
}

/** Each measure: mean over the seeds, percentile interval over texts, deviation over the seeds. */
export function summarize(
  { seeds, resamples }: MeasuredSystem,
  confidence: number,
): Record<Measure, MeasureSummary | null> {
  const summary = (measure: Measure): MeasureSummary | null => {
    const value = meanOf(seeds, measure);
    if (value === null) return null;
    const interval = intervalOf(value, resamples[measure], confidence);
    return { ...interval, deviation: deviationOf(seeds, measure, value) };
  };
  return forEachMeasure(summary);
}

/** First minus second, resample by resample, so that what both find hard cancels out. */
export function differences(
  first: MeasuredSystem,
  second: MeasuredSystem,
  confidence: number,
): Record<Measure, Interval | null> {
  return forEachMeasure((measure) => {
    const [a, b] = [meanOf(first.seeds, measure), meanOf(second.seeds, measure)];
    if (a === null || b === null) return null;
    const [left, right] = [first.resamples[measure], second.resamples[measure]];
    const samples = left && right && left.map((value, index) => value - right[index]!);
    return intervalOf(a - b, samples, confidence);
  });
}

/**
 * Share of the way from the control to the teacher that the student went, in accuracy:
 * `(student − control) ÷ (teacher − control)`, means over the seeds. Above 1 the student beats its teacher.
 * There is no such share where the interval of the denominator includes 0: any quotient could come of noise.
 */
export function gapClosed(
  systems: {
    student: MeasuredSystem;
    control: MeasuredSystem | null;
    teacher: MeasuredSystem | null;
  },
  confidence: number,
): GapClosed {
  const { student, control, teacher } = systems;
  if (control === null) return { value: null, reason: "there is no hard-label control" };
  if (teacher === null)
    return { value: null, reason: "the teacher answered too few of the test texts to be scored" };
  const gap = differences(teacher, control, confidence).accuracy;
  const gain = differences(student, control, confidence).accuracy;
  if (gap === null || gain === null)
    return { value: null, reason: "the test texts have no labels" };
  if (includesZero(gap)) {
    return {
      value: null,
      reason: "teacher and hard-label control cannot be told apart on these test texts",
    };
  }
  const [ours, base, theirs] = [student, control, teacher].map((it) => it.resamples.accuracy!);
  const samples = ours!.map((value, i) => (value - base![i]!) / (theirs![i]! - base![i]!));
  return percentileInterval(gain.value / gap.value, samples, confidence);
}

function intervalOf(value: number, samples: Float64Array | null, confidence: number): Interval {
  if (samples === null) return { value, low: null, high: null };
  return percentileInterval(value, samples, confidence);
}

function forEachMeasure<Value>(make: (measure: Measure) => Value): Record<Measure, Value> {
  return Object.fromEntries(MEASURES.map((measure) => [measure, make(measure)])) as Record<
    Measure,
    Value
  >;
}
