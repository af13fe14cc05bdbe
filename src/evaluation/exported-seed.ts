import type { TrainedRun } from "../types.ts";

/**
 * The run of a variant that is exported and looked at in detail: the one with the best validation score, the first of
 * equals, so that no test label chooses it.
 *
 * @param runs - runs of one variant, at least one
 */
export function exportedRun<Run extends Pick<TrainedRun, "validationScore">>(
  runs: readonly Run[],
): Run {
  return runs.reduce((best, run) =>
    (run.validationScore ?? -Infinity) > (best.validationScore ?? -Infinity) ? run : best,
  );
}
