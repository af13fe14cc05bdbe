import { classifierArea, rankGroups, type RankGroups } from "./metrics/auc.ts";
import { confidenceBins, expectedCalibrationError } from "./metrics/calibration.ts";
import { accuracy, countClasses, macroMeasures } from "./metrics/classification.ts";
import { brierScores, negativeLogLikelihoods } from "./metrics/likelihood.ts";
import {
  largestProbabilities,
  logProbabilities,
  predictedClasses,
} from "./metrics/probabilities.ts";
import type { MeasureValues } from "./scores.ts";

/** What is known of every text only where it has a gold label. Arrays are `[N]`. */
export interface GoldOutcome {
  labels: Int32Array;
  correct: Uint8Array;
  nll: Float64Array;
  brier: Float64Array;
  /** `correct − confidence`: its sums over bins are the calibration error. */
  excess: Float64Array;
  /** Order of the texts by the second class's score and whether they are of that class, for two classes only. */
  ranks: (RankGroups & { positive: Uint8Array }) | null;
  auc: number | null;
}

/** What one system with one seed does on every text: all that measures and their resamples need. */
export interface Outcome {
  classes: number;
  predicted: Int32Array;
  /** 1 where the predicted class is the teacher's; null where the teacher is not scored. */
  agrees: Uint8Array | null;
  confidence: Float64Array;
  bin: Uint8Array;
  gold: GoldOutcome | null;
}

/**
 * Looks at every text once.
 *
 * @param logits - `[N, C]`, row-major
 * @param options.gold - class indices, `[N]`, or null where there are none
 * @param options.teacher - the teacher's predicted classes, `[N]`, or null where it is not scored
 */
export function judge(
  logits: Float32Array,
  {
    classes,
    gold,
    teacher,
  }: { classes: number; gold: Int32Array | null; teacher: Int32Array | null },
): Outcome {
  const predicted = predictedClasses(logits, classes);
  const log = logProbabilities(logits, classes);
  const confidence = largestProbabilities(logits, classes);
  return {
    classes,
    predicted,
    agrees:
      teacher && Uint8Array.from(predicted, (guess, text) => (guess === teacher[text] ? 1 : 0)),
    confidence,
    bin: confidenceBins(confidence),
    gold: gold === null ? null : judgeGold({ log, gold, classes, predicted, confidence }),
  };
}

function judgeGold(known: {
  log: Float64Array;
  gold: Int32Array;
  classes: number;
  predicted: Int32Array;
  confidence: Float64Array;
}): GoldOutcome {
  const { log, gold, classes, predicted, confidence } = known;
  const correct = Uint8Array.from(gold, (label, text) => (label === predicted[text] ? 1 : 0));
  const binary = classes === 2;
  return {
    labels: gold,
    correct,
    nll: negativeLogLikelihoods(log, gold, classes),
    brier: brierScores(log, gold, classes),
    excess: confidence.map((value, text) => correct[text]! - value),
    ranks: binary
      ? {
          ...rankGroups(log.filter((_, index) => index % 2 === 1).map(Math.exp)),
          positive: Uint8Array.from(gold),
        }
      : null,
    auc: classifierArea(log, gold, classes),
  };
}

const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index]!;
  return sum / values.length;
};

/** All measures of one outcome; those that need gold labels, or the teacher, are null without them. */
export function measure({
  classes,
  predicted,
  agrees,
  confidence,
  bin,
  gold,
}: Outcome): MeasureValues {
  const agreement = agrees && mean(agrees);
  if (gold === null) {
    return {
      accuracy: null,
      macroPrecision: null,
      macroRecall: null,
      macroF1: null,
      auc: null,
      agreement,
      nll: null,
      brier: null,
      ece: null,
    };
  }
  return {
    accuracy: accuracy(gold.labels, predicted),
    ...macroMeasures(countClasses(gold.labels, predicted, classes)),
    auc: gold.auc,
    agreement,
    nll: mean(gold.nll),
    brier: mean(gold.brier),
    ece: expectedCalibrationError(confidence, bin, gold.correct),
  };
}
