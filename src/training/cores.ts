import type { Device } from "../engine/types.ts";
import type { Recipe } from "../recipe/schema.ts";

/** Shards of a run that has the machine to itself. */
const ALONE = 4;

/** Trainings of a recipe's students that do not wait for each other: hard-label controls train beside the students. */
export function independentRuns({ student, train, controls }: Recipe): number {
  return student.length * train.seeds.length * (controls.includes("hard-label") ? 2 : 1);
}

/**
 * Parts that each batch is split into. They change the last bits of a result, so `auto` goes by the recipe alone and
 * never by the machine: runs side by side use cores better than shards, so 1 where there are several; a single run on
 * the processor gets 4, or as many as a batch has texts. Other devices split their work themselves.
 */
export function shardsOf(recipe: Recipe): number {
  const { shards, device, batch } = recipe.train;
  if (shards !== "auto") return shards;
  return device === "cpu" && independentRuns(recipe) === 1 ? Math.min(ALONE, batch) : 1;
}

/** How the cores are shared out. */
export interface CoreShares {
  /** Processes side by side. */
  workers: number;
  /** Threads in each, for its shards. */
  shardThreads: number;
}

/**
 * Processes first, since independent runs use cores best; the cores that are left go to each run's shards. With `auto`
 * as many processes as cores, but one on another device than the processor, which uses the whole of it.
 *
 * @param device - as it was found, where the recipe says `auto`
 * @param cores - of this machine
 */
export function shareCores(
  recipe: Recipe,
  { device, cores }: { device: Device; cores: number },
): CoreShares {
  const { workers: wanted } = recipe.train;
  const workers = wanted === "auto" ? (device === "cpu" ? cores : 1) : wanted;
  const sideBySide = Math.min(workers, independentRuns(recipe));
  const left = Math.max(1, Math.floor(cores / sideBySide));
  return { workers, shardThreads: Math.min(shardsOf(recipe), left) };
}
