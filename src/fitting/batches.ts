import type { Batch } from "../engine/types.ts";
import { Random } from "../math/random.ts";
import type { TrainingSet } from "./training-set.ts";

/** Batches' worth of texts that are sorted by length together: enough for even lengths, few enough to stay random. */
const CHUNK = 20;

export interface EpochOptions {
  /** Texts per batch, B; the last batch of an epoch may be smaller. */
  batch: number;
  seed: number;
  epoch: number;
}

/**
 * One epoch's batches of rows, bucketed by length: the texts are shuffled, cut into chunks of 20 batches, sorted by
 * length in each chunk, cut into batches, and the batches shuffled. Every row comes exactly once. Depends on
 * (seed, epoch) only, so that a resumed run draws the same.
 *
 * @param lengths - pieces of each text, `[N]`
 * @returns `ceil(N / B)` lists of rows
 */
export function epochBatches(
  lengths: Int32Array,
  { batch, seed, epoch }: EpochOptions,
): Int32Array[] {
  const random = new Random("batches", seed, epoch);
  const rows = random.shuffle(Int32Array.from(lengths.keys()));
  const batches: Int32Array[] = [];
  for (let chunk = 0; chunk < rows.length; chunk += batch * CHUNK) {
    const bucket = rows
      .slice(chunk, chunk + batch * CHUNK)
      .sort((a, b) => lengths[a]! - lengths[b]!);
    for (let start = 0; start < bucket.length; start += batch)
      batches.push(bucket.slice(start, start + batch));
  }
  return random.shuffle(batches);
}

/** Batches of the texts in the order of their lengths: for answers without training. */
export function sortedBatches(lengths: Int32Array, batch: number): Int32Array[] {
  const rows = Int32Array.from(lengths.keys()).sort((a, b) => lengths[a]! - lengths[b]!);
  return Array.from({ length: Math.ceil(rows.length / batch) }, (_, index) =>
    rows.slice(index * batch, (index + 1) * batch),
  );
}

/**
 * The engine's batch of some rows: padded to the longest of them, the mask by length (a text may hold the padding
 * piece itself), with teacher's logits `[B, C]` and labels `[B]` of the same rows.
 *
 * @param targets - which of the set's targets the program takes
 */
export function makeBatch(
  set: TrainingSet,
  rows: Int32Array,
  targets: { teacherLogits: boolean; labels: boolean },
): Batch {
  const { tokens, offsets, logits, labels, classes } = set;
  const batch = rows.length;
  const length = rows.reduce(
    (longest, row) => Math.max(longest, offsets[row + 1]! - offsets[row]!),
    1,
  );
  const ids = new Int32Array(batch * length);
  const mask = new Float32Array(batch * length);
  const inputs: Record<string, Float32Array | Int32Array> = { mask };
  rows.forEach((row, place) => {
    const text = tokens.subarray(offsets[row], offsets[row + 1]);
    ids.set(text, place * length);
    mask.fill(1, place * length, place * length + text.length);
  });
  if (targets.teacherLogits && logits) {
    const scores = new Float32Array(batch * classes);
    rows.forEach((row, place) => {
      scores.set(logits.subarray(row * classes, (row + 1) * classes), place * classes);
    });
    inputs["teacherLogits"] = scores;
  }
  if (targets.labels) inputs["labels"] = Int32Array.from(rows, (row) => labels[row]!);
  return { batch, length, tokens: ids, inputs };
}
