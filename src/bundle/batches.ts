/** Places in a batch, padding included: bounds the memory of one run. */
const MAX_PLACES = 8192;
const MAX_TEXTS = 32;

/**
 * Groups texts of like length, so that little is padded.
 *
 * @param lengths - ids of each text
 * @returns indices into `lengths`, every one once; at most 32 texts and 8,192 places a batch (one text may have more)
 */
export function planBatches(lengths: readonly number[]): number[][] {
  const order = [...lengths.keys()].sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const index of order) {
    // Ascending, so the newcomer is the longest.
    const places = (batch.length + 1) * lengths[index]!;
    if (batch.length > 0 && (batch.length === MAX_TEXTS || places > MAX_PLACES)) {
      batches.push(batch);
      batch = [];
    }
    batch.push(index);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
