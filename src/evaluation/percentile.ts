/** A figure with its percentile interval; null bounds where none was computed. */
export interface Interval {
  value: number;
  low: number | null;
  high: number | null;
}

/**
 * The `p`-quantile of sorted numbers, linear between order statistics: numpy's default, type 7 of Hyndman & Fan 1996.
 *
 * @param sorted - ascending, at least one
 * @param p - 0 to 1
 */
export function quantile(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

/**
 * The percentile interval of a figure's bootstrap distribution (Efron & Tibshirani 1993, §13.3).
 *
 * @param confidence - e.g. 0.95: the bounds are the 2.5 % and 97.5 % quantiles
 */
export function percentileInterval(
  value: number,
  samples: Float64Array,
  confidence: number,
): Interval {
  // Ratios can be undefined in single resamples (0 ÷ 0): those say nothing about the figure.
  const sorted = samples.filter((sample) => !Number.isNaN(sample)).sort();
  if (sorted.length === 0) return { value, low: null, high: null };
  const tail = (1 - confidence) / 2;
  return { value, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/** Whether the interval has a number on both sides of 0, or 0 on its edge. Unknown bounds count as including it. */
export function includesZero({ low, high }: Interval): boolean {
  return low === null || high === null || (low <= 0 && high >= 0);
}
