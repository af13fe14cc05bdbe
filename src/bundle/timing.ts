import { Random } from "../math/random.ts";

/** Something that answers texts, tokenization included. */
export interface TimedSystem {
  name: string;
  classify(texts: readonly string[]): Promise<unknown>;
}

export interface Timing {
  oneText: { p50Ms: number; p95Ms: number; textsPerSecond: number };
  batch: { size: number; textsPerSecond: number };
}

export interface TimingOptions {
  systems: readonly TimedSystem[];
  texts: readonly string[];
  /** Texts of a batch. */
  batchSize: number;
  /** Answers before the clock counts: caches fill, code is compiled, memory is taken. */
  warmUp: number;
  /** Milliseconds; a parameter so that a test can hold the clock. */
  now?: () => number;
}

/**
 * Times systems beside each other: every text is answered by all of them in turn before the next text comes, first
 * alone, then in batches, so that whatever else the machine does meets all of them alike.
 *
 * @returns by name: median and 95th percentile of the time of one text in milliseconds, texts per second one by one, and
 *   texts per second in batches (of the median batch)
 */
export async function timeSystems(options: TimingOptions): Promise<Map<string, Timing>> {
  const { systems, texts, batchSize, warmUp, now = () => performance.now() } = options;
  const batches = splitBatches(texts, batchSize);
  await interleave(
    systems,
    texts.slice(0, warmUp).map((text) => [text]),
    now,
  );
  const single = await interleave(
    systems,
    texts.map((text) => [text]),
    now,
  );
  await interleave(systems, batches.slice(0, 1), now);
  const batched = await interleave(systems, batches, now);
  return new Map(
    systems.map(({ name }, system) => {
      const one = single[system]!;
      const perText = batched[system]!.map(
        (milliseconds, batch) => milliseconds / batches[batch]!.length,
      );
      return [
        name,
        {
          oneText: {
            p50Ms: quantile(one, 0.5),
            p95Ms: quantile(one, 0.95),
            textsPerSecond:
              (1000 * one.length) / one.reduce((sum, milliseconds) => sum + milliseconds, 0),
          },
          batch: { size: batchSize, textsPerSecond: 1000 / quantile(perText, 0.5) },
        },
      ];
    }),
  );
}

/** Milliseconds of each call, `[system][call]`. The system that begins changes from call to call. */
async function interleave(
  systems: readonly TimedSystem[],
  calls: readonly (readonly string[])[],
  now: () => number,
): Promise<number[][]> {
  const times: number[][] = systems.map(() => []);
  for (const [call, texts] of calls.entries()) {
    for (let turn = 0; turn < systems.length; turn += 1) {
      const system = (call + turn) % systems.length;
      const started = now();
      await systems[system]!.classify(texts);
      times[system]!.push(now() - started);
    }
  }
  return times;
}

/** Full batches; the only one may be smaller. */
function splitBatches(texts: readonly string[], size: number): string[][] {
  const count = Math.max(1, Math.floor(texts.length / size));
  return Array.from({ length: count }, (_, batch) => texts.slice(batch * size, (batch + 1) * size));
}

/** Linear between order statistics (type 7 of Hyndman & Fan 1996). */
function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = p * (sorted.length - 1);
  const low = sorted[Math.floor(position)]!;
  return low + (sorted[Math.ceil(position)]! - low) * (position - Math.floor(position));
}

/**
 * Texts to time with: spread evenly over the lengths that there are, in shuffled order.
 *
 * @param count - how many at most
 */
export function chooseTimedTexts(texts: readonly string[], count: number): string[] {
  const sorted = texts.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const kept = Math.min(count, sorted.length);
  const spread = Array.from(
    { length: kept },
    (_, index) => sorted[Math.floor(((index + 0.5) * sorted.length) / kept)]!,
  );
  return new Random("timed-texts").shuffle(spread);
}
