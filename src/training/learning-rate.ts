import { warmupLinearDecay } from "../engine/optimizers/schedules.ts";
import { LimbeckError } from "../errors.ts";
import type { Schedule } from "../recipe/train-schema.ts";

/** How fast a run goes, from its first update to its last. */
export interface RatePlan {
  /** Updates in all. */
  steps: number;
  schedule: Schedule;
  /** Peak of the learning rate. */
  learningRate: number;
  /** Share of the updates over which the rate rises. */
  warmup: number;
}

/** Learning rate of the update after `step` others. */
export function learningRateOf(
  step: number,
  { schedule, learningRate: peak, steps, warmup }: RatePlan,
): number {
  if (schedule !== "linear") {
    throw new LimbeckError("E_RECIPE", `Expected train.schedule to be linear, got ${schedule}.`);
  }
  return warmupLinearDecay(step, { peak, steps, warmup });
}
