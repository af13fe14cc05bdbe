import { classMeasures, countClasses } from "./metrics/classification.ts";
import type { ClassScore, Confusion } from "./scores.ts";

interface Predictions {
  labels: readonly string[];
  gold: Int32Array;
  predicted: Int32Array;
}

/** Precision, recall and F1 of every class that is gold or predicted somewhere, lowest F1 first. */
export function scoreClasses({ labels, gold, predicted }: Predictions): ClassScore[] {
  const counts = countClasses(gold, predicted, labels.length);
  const { precision, recall, f1 } = classMeasures(counts);
  return labels
    .map((label, index) => ({
      label,
      texts: counts.gold[index]!,
      predicted: counts.predicted[index]!,
      precision: precision[index]!,
      recall: recall[index]!,
      f1: f1[index]!,
    }))
    .filter(({ texts, predicted: guesses }) => texts + guesses > 0)
    .sort((a, b) => a.f1 - b.f1 || compare(a.label, b.label));
}

/** The commonest pairs of a gold class and another one predicted for it. */
export function findConfusions(
  { labels, gold, predicted }: Predictions,
  limit: number,
): Confusion[] {
  const classes = labels.length;
  const pairs = new Map<number, number>();
  for (let text = 0; text < gold.length; text += 1) {
    if (gold[text] === predicted[text]) continue;
    const pair = gold[text]! * classes + predicted[text]!;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  const totals = countClasses(gold, predicted, classes).gold;
  return [...pairs]
    .sort(([a, first], [b, second]) => second - first || a - b)
    .slice(0, limit)
    .map(([pair, texts]) => {
      const label = Math.floor(pair / classes);
      return {
        gold: labels[label]!,
        predicted: labels[pair % classes]!,
        texts,
        share: texts / totals[label]!,
      };
    });
}

/** By code point, the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
