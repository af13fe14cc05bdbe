import { setTimeout as wait } from "node:timers/promises";
import type { Timing } from "./protocol.ts";
import type { Side } from "./side.ts";
import { median } from "./statistics.ts";

/** A training that is open in a side. */
export interface Contestant {
  name: string;
  side: Side;
  id: string;
}

/** Medians over the turns, in milliseconds per step. */
export interface Result {
  milliseconds: number;
  cpuMilliseconds: number;
}

/** PyTorch's threads spin for a while after their work: nobody else shall be measured meanwhile. */
const PAUSE = 300;
const WARM_UP_STEPS = 4;
/** What a turn shall last. */
const TURN_SECONDS = 0.7;
const STEPS = { fewest: 3, most: 40 };

/**
 * Lets the contestants take turns, each of several steps, in an order that rotates, so that what slows the machine for
 * a while slows them all.
 */
export async function interleave(
  contestants: readonly Contestant[],
  repeats: number,
): Promise<Map<string, Result>> {
  const counts = new Map<string, number>();
  for (const { name, side, id } of contestants) {
    const warm = await side.ask<Timing>({ do: "steps", id, count: WARM_UP_STEPS });
    const wanted = Math.round(TURN_SECONDS / (warm.seconds / warm.steps));
    counts.set(name, Math.min(STEPS.most, Math.max(STEPS.fewest, wanted)));
  }
  const turns = new Map<string, Timing[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < repeats; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const { name, side, id } = contestants[(turn + round) % contestants.length]!;
      await wait(PAUSE);
      const count = counts.get(name)!;
      turns.get(name)!.push(await side.ask<Timing>({ do: "steps", id, count }));
    }
  }
  return new Map([...turns].map(([name, timings]) => [name, summarize(timings)]));
}

/** A turn's time per step holds its garbage collections too; the median is over turns. */
export function summarize(timings: readonly Timing[]): Result {
  return {
    milliseconds: median(timings.map(({ seconds, steps }) => (seconds * 1000) / steps)),
    cpuMilliseconds: median(timings.map(({ cpuSeconds, steps }) => (cpuSeconds * 1000) / steps)),
  };
}

/** The fastest of several contestants by name. */
export function fastest(results: ReadonlyMap<string, Result>, names: readonly string[]): string {
  return names.reduce((best, name) =>
    results.get(name)!.milliseconds < results.get(best)!.milliseconds ? name : best,
  );
}
