import { EngineError } from "../errors.ts";

export interface WarmupLinearDecayOptions {
  /** The highest learning rate, reached at the end of the warm-up. */
  peak: number;
  /** Updates in all, `n`. */
  steps: number;
  /** Share of the updates that warm up, `w` in `[0, 1]`. */
  warmup: number;
}

/**
 * Learning rate of update `k`, counted from 0: linear from 0 to the peak, then linear to 0:
 * `peak · min(1, k / (w·n)) · (1 - max(0, (k - w·n) / ((1-w)·n)))`.
 *
 * Update 0 has the rate 0 unless `warmup` is 0; update `n` would be the first with 0 again. Where `w` is 0 or 1 the
 * part without any updates counts as a factor of 1.
 *
 * @throws EngineError `E_SCHEDULE` if an option is out of its range or `k` is not in `[0, steps]`.
 */
export function warmupLinearDecay(k: number, options: WarmupLinearDecayOptions): number {
  const { peak, steps, warmup } = options;
  if (!(steps >= 1) || !(warmup >= 0 && warmup <= 1) || !(k >= 0 && k <= steps)) {
    throw new EngineError(
      "E_SCHEDULE",
      `Expected steps ≥ 1, warmup in [0, 1] and an update from 0 to steps, got steps ${steps}, warmup ${warmup} and update ${k}.`,
    );
  }
  const warm = warmup * steps;
  const rise = k < warm ? k / warm : 1;
  const fall = k > warm ? (k - warm) / (steps - warm) : 0;
  return peak * rise * (1 - fall);
}
