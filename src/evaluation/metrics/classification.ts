/** How often each class is gold, predicted, and both. Each array is `[C]`. */
export interface ClassCounts {
  gold: Float64Array;
  predicted: Float64Array;
  correct: Float64Array;
}

/** Precision, recall and F1 of every class, each `[C]`; 0 ÷ 0 counts as 0, as scikit-learn's `zero_division=0`. */
export interface ClassMeasures {
  precision: Float64Array;
  recall: Float64Array;
  f1: Float64Array;
}

export interface MacroMeasures {
  macroPrecision: number;
  macroRecall: number;
  macroF1: number;
}

/** Share of texts whose predicted class is the gold one; with the teacher's classes for gold: the agreement. */
export function accuracy(gold: Int32Array, predicted: Int32Array): number {
  let correct = 0;
  for (let text = 0; text < gold.length; text += 1)
    if (gold[text] === predicted[text]) correct += 1;
  return correct / gold.length;
}

/**
 * Counts classes.
 *
 * @param gold - class indices, `[N]`
 * @param predicted - class indices, `[N]`
 */
export function countClasses(
  gold: Int32Array,
  predicted: Int32Array,
  classes: number,
): ClassCounts {
  const counts: ClassCounts = {
    gold: new Float64Array(classes),
    predicted: new Float64Array(classes),
    correct: new Float64Array(classes),
  };
  for (let text = 0; text < gold.length; text += 1) {
    const label = gold[text]!;
    const guess = predicted[text]!;
    counts.gold[label]! += 1;
    counts.predicted[guess]! += 1;
    if (label === guess) counts.correct[label]! += 1;
  }
  return counts;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** `precision = correct ÷ predicted`, `recall = correct ÷ gold`, `F1 = 2 · correct ÷ (gold + predicted)`. */
export function classMeasures({ gold, predicted, correct }: ClassCounts): ClassMeasures {
  return {
    precision: correct.map((count, label) => ratio(count, predicted[label]!)),
    recall: correct.map((count, label) => ratio(count, gold[label]!)),
    f1: correct.map((count, label) => ratio(2 * count, gold[label]! + predicted[label]!)),
  };
}

/**
 * Unweighted means over the classes that are gold or predicted somewhere: scikit-learn's `average="macro"` with
 * `zero_division=0`. A class that occurs in neither has no measure to average.
 */
export function macroMeasures({ gold, predicted, correct }: ClassCounts): MacroMeasures {
  let [precision, recall, f1, seen] = [0, 0, 0, 0];
  for (let label = 0; label < gold.length; label += 1) {
    const sum = gold[label]! + predicted[label]!;
    if (sum === 0) continue;
    seen += 1;
    const hits = correct[label]!;
    if (hits === 0) continue;
    precision += hits / predicted[label]!;
    recall += hits / gold[label]!;
    f1 += (2 * hits) / sum;
  }
  return { macroPrecision: precision / seen, macroRecall: recall / seen, macroF1: f1 / seen };
}
