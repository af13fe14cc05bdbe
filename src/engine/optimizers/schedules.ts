import { EngineError } from "../errors.ts";

export interface Schedule {
  kind: ScheduleKind;
  /** The highest learning rate, reached at the end of the warm-up. */
  peak: number;
  /** Updates in all, `n`. */
  steps: number;
  /** Share of the updates that warm up, `w` in `[0, 1]`. */
  warmup: number;
}

export const SCHEDULE_KINDS = [
  "constant",
  "linear",
  "cosine",
  "one-cycle",
  "slanted-triangular",
] as const;
export type ScheduleKind = (typeof SCHEDULE_KINDS)[number];

/** One-cycle starts at this share of the peak, and ends at `END` of that; PyTorch's defaults. */
const START = 1 / 25;
const END = 1e-4;
/** How much lower than its peak the slanted triangle starts and ends; the paper's default. */
const RATIO = 32;

/** From 1 at progress 0 to 0 at progress 1, along half a cosine. */
function cosine(progress: number): number {
  return (1 + Math.cos(Math.PI * progress)) / 2;
}

/** Share of the peak at `rise`, progress of the warm-up, and `fall`, progress of the rest; one of them lies inside. */
const SHAPES: Readonly<Record<ScheduleKind, (rise: number, fall: number) => number>> = {
  constant: (rise) => rise,
  linear: (rise, fall) => rise * (1 - fall),
  cosine: (rise, fall) => rise * cosine(fall),
  "one-cycle": (rise, fall) =>
    rise < 1
      ? START + (1 - START) * (1 - cosine(rise))
      : START * END + (1 - START * END) * cosine(fall),
  "slanted-triangular": (rise, fall) => (1 + rise * (1 - fall) * (RATIO - 1)) / RATIO,
};

/**
 * Learning rate of update `k`, counted from 0. With `n` steps and a warm-up of `w`, `rise = min(1, k / (w·n))` and
 * `fall = max(0, (k - w·n) / ((1-w)·n))`, the rate is `peak` times
 *
 * - constant: `rise`
 * - linear: `rise · (1 - fall)`
 * - cosine: `rise · (1 + cos(π·fall)) / 2` (Loshchilov & Hutter 2017, section 3, without restarts)
 * - one-cycle: half a cosine from 1/25 to 1, another from 1 to 1/250,000 (Smith & Topin 2018; `OneCycleLR` of PyTorch)
 * - slanted-triangular: `(1 + rise · (1 - fall) · 31) / 32` (Howard & Ruder 2018, section 3.2, where `w` is `cut_frac`)
 *
 * The first three have the rate 0 at update 0 unless `warmup` is 0; update `n` would be the last of the fall. Where `w`
 * is 0 or 1 the part without any updates counts as done.
 *
 * @throws EngineError `E_SCHEDULE` if an option is out of its range or `k` is not in `[0, steps]`.
 */
export function learningRateAt(k: number, { kind, peak, steps, warmup }: Schedule): number {
  if (!(steps >= 1) || !(warmup >= 0 && warmup <= 1) || !(k >= 0 && k <= steps)) {
    throw new EngineError(
      "E_SCHEDULE",
      `Expected steps ≥ 1, warmup in [0, 1] and an update from 0 to steps, got steps ${steps}, warmup ${warmup} and update ${k}.`,
    );
  }
  const warm = warmup * steps;
  const rise = k < warm ? k / warm : 1;
  const fall = k > warm ? (k - warm) / (steps - warm) : 0;
  return peak * SHAPES[kind](rise, fall);
}
