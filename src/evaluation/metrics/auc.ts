/**
 * Area under the ROC curve: the probability that a positive text scores above a negative one, ties counting half
 * (Mann & Whitney 1947; Hanley & McNeil 1982, §II).
 *
 * @param scores - any monotone score of the positive class, `[N]`
 * @param positive - 1 for positive texts, `[N]`
 * @returns 0 to 1, or null where there is no positive or no negative text
 */
export function areaUnderCurve(scores: Float64Array, positive: Uint8Array): number | null {
  return weightedArea(rankGroups(scores), positive, new Uint16Array(scores.length).fill(1));
}

/** Texts in ascending order of their score, and where a new score begins. */
export interface RankGroups {
  order: Uint32Array;
  /** 1 where the text at this place scores more than the one before it. */
  begins: Uint8Array;
}

/** Sorts once what every resample uses. */
export function rankGroups(scores: Float64Array): RankGroups {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  const begins = Uint8Array.from(order, (text, place) =>
    place === 0 || scores[text]! > scores[order[place - 1]!]! ? 1 : 0,
  );
  return { order, begins };
}

/** `areaUnderCurve` where text `i` occurs `weights[i]` times. */
export function weightedArea(
  { order, begins }: RankGroups,
  positive: Uint8Array,
  weights: Uint16Array,
): number | null {
  let wins = 0;
  let positives = 0;
  let negatives = 0;
  let negativesBelow = 0;
  let tiedPositives = 0;
  for (let place = 0; place < order.length; place += 1) {
    if (begins[place] === 1) {
      wins += (tiedPositives * (negatives - negativesBelow)) / 2;
      negativesBelow = negatives;
      tiedPositives = 0;
    }
    const text = order[place]!;
    const weight = weights[text]!;
    if (positive[text] === 1) {
      positives += weight;
      tiedPositives += weight;
      wins += weight * negativesBelow;
    } else {
      negatives += weight;
    }
  }
  wins += (tiedPositives * (negatives - negativesBelow)) / 2;
  return positives === 0 || negatives === 0 ? null : wins / (positives * negatives);
}

/**
 * AUC of a classifier: of the second class for two classes, else the mean of every class against the rest
 * (Provost & Domingos 2000, unweighted), over the classes that have both positive and negative texts.
 *
 * @param logProbabilities - `[N, C]`
 * @param gold - class indices, `[N]`
 * @returns null where no class has both
 */
export function classifierArea(
  logProbabilities: Float64Array,
  gold: Int32Array,
  classes: number,
): number | null {
  const first = classes === 2 ? 1 : 0;
  let sum = 0;
  let defined = 0;
  for (let label = first; label < classes; label += 1) {
    const scores = Float64Array.from(gold, (_, text) =>
      Math.exp(logProbabilities[text * classes + label]!),
    );
    const area = areaUnderCurve(
      scores,
      Uint8Array.from(gold, (value) => (value === label ? 1 : 0)),
    );
    if (area === null) continue;
    sum += area;
    defined += 1;
  }
  return defined === 0 ? null : sum / defined;
}
