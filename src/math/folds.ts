import { Random } from "./random.ts";

/**
 * Deals items to folds so that each class is spread as evenly as it goes: every class is shuffled and dealt in turn,
 * each class going on where the one before it stopped, so that folds differ by at most one item per class and overall.
 * A class with fewer items than folds is held out in fewer folds; the only item of a class is never held out, so that
 * every class is in every training part.
 *
 * @param labels - class of each item, whole numbers from 0
 * @param folds - how many, from 2
 * @returns the fold of each item, `0 … folds - 1`, or -1: in every training part
 */
export function stratifiedFolds(
  labels: ArrayLike<number>,
  folds: number,
  seed: number,
): Int32Array {
  if (!Number.isInteger(folds) || folds < 2)
    throw new RangeError(`Expected 2 folds or more, got ${folds}.`);
  const byClass = new Map<number, number[]>();
  for (let item = 0; item < labels.length; item += 1) {
    const members = byClass.get(labels[item]!);
    if (members === undefined) byClass.set(labels[item]!, [item]);
    else members.push(item);
  }
  const assigned = new Int32Array(labels.length).fill(-1);
  const random = new Random("folds", seed);
  let next = 0;
  for (const [, members] of [...byClass].sort(([a], [b]) => a - b)) {
    if (members.length < 2) continue;
    for (const item of random.shuffle(members)) {
      assigned[item] = next;
      next = (next + 1) % folds;
    }
  }
  return assigned;
}

/** Items of one fold and all the others, in ascending order. */
export function splitFold(
  assigned: Int32Array,
  fold: number,
): { training: number[]; heldOut: number[] } {
  const training: number[] = [];
  const heldOut: number[] = [];
  assigned.forEach((of, item) => (of === fold ? heldOut : training).push(item));
  return { training, heldOut };
}
