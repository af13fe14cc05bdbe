import { learningRateAt, type ScheduleKind } from "../engine/optimizers/schedules.ts";

/** How fast a run goes, from its first update to its last. */
export interface RatePlan {
  /** Updates in all. */
  steps: number;
  schedule: ScheduleKind;
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
  return learningRateAt(step, { kind: schedule, peak, steps, warmup });
}
