import type { ReliabilityBin } from "../scores.ts";

/** Equal-width bins of the confidence over 0 to 1. */
export const CALIBRATION_BINS = 15;

/**
 * Bin of each confidence, the probability of the predicted class: bin `m` holds `(m/15, (m+1)/15]`.
 *
 * @param confidence - 0 to 1, `[N]`
 */
export function confidenceBins(confidence: Float64Array): Uint8Array {
  return Uint8Array.from(confidence, (value) =>
    Math.min(CALIBRATION_BINS - 1, Math.max(0, Math.ceil(value * CALIBRATION_BINS) - 1)),
  );
}

/**
 * Expected calibration error: `Σ_m (n_m ÷ N) · |accuracy_m − confidence_m|` over 15 equal-width bins (Naeini et al.
 * 2015; Guo et al. 2017, §2).
 *
 * @param correct - 1 where the prediction is right, `[N]`
 * @returns 0 to 1
 */
export function expectedCalibrationError(
  confidence: Float64Array,
  bin: Uint8Array,
  correct: Uint8Array,
): number {
  const excess = new Float64Array(CALIBRATION_BINS);
  for (let text = 0; text < bin.length; text += 1) {
    excess[bin[text]!]! += correct[text]! - confidence[text]!;
  }
  return excess.reduce((sum, value) => sum + Math.abs(value), 0) / bin.length;
}

/** What a reliability diagram draws: texts, mean confidence and accuracy per bin. */
export function reliabilityBins(
  confidence: Float64Array,
  bin: Uint8Array,
  correct: Uint8Array,
): ReliabilityBin[] {
  return Array.from({ length: CALIBRATION_BINS }, (_, index) => {
    let [texts, confident, right] = [0, 0, 0];
    for (let text = 0; text < bin.length; text += 1) {
      if (bin[text] !== index) continue;
      texts += 1;
      confident += confidence[text]!;
      right += correct[text]!;
    }
    return {
      from: index / CALIBRATION_BINS,
      to: (index + 1) / CALIBRATION_BINS,
      texts,
      confidence: texts === 0 ? null : confident / texts,
      accuracy: texts === 0 ? null : right / texts,
    };
  });
}
