/** What a bundle says of one text. */
export interface Prediction {
  label: string;
  probability: number;
  probabilities: Float32Array;
}

/** A probability as it is shown to machines: what float32 holds beyond six decimals is no information. */
export function roundProbability(probability: number): number {
  return Math.round(probability * 1e6) / 1e6;
}

/** The likeliest labels, likeliest first. */
export function likeliest(
  { probabilities }: Prediction,
  labels: readonly string[],
  count: number,
): { label: string; probability: number }[] {
  return Array.from(probabilities, (probability, index) => ({
    label: labels[index] ?? `class ${index}`,
    probability,
  }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}

/**
 * Hands lines on in batches without waiting for a batch to fill: whatever has come while the last one was being worked
 * on, `most` at a time. So a pipe that pauses is answered line by line, and a file in full batches.
 */
export async function* takeAvailable(
  lines: AsyncIterable<string>,
  most: number,
): AsyncGenerator<string[]> {
  const iterator = lines[Symbol.asyncIterator]();
  const ask = (): Promise<IteratorResult<string, unknown>> => {
    const asked = iterator.next();
    asked.catch(() => undefined); // a failure is thrown where the line is awaited, perhaps a batch later
    return asked;
  };
  let next = ask();
  for (;;) {
    const first = await next;
    if (first.done === true) return;
    const batch = [first.value];
    next = ask();
    while (batch.length < most) {
      const more = await Promise.race([next, afterPending()]);
      if (more === null || more.done === true) break;
      batch.push(more.value);
      next = ask();
    }
    yield batch;
  }
}

/** Null, once everything that has already arrived has been delivered. */
async function afterPending(): Promise<null> {
  await new Promise((resolve) => setImmediate(resolve));
  return null;
}
