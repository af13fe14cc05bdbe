import type { CompiledProgram, StepResult } from "../engine/types.ts";
import { epochBatches, makeBatch } from "./batches.ts";
import { learningRateOf, type RatePlan } from "./learning-rate.ts";
import { explainStepError } from "./non-finite.ts";
import { textLengths, type TrainingSet } from "./training-set.ts";

/** How a run goes over its texts: as many updates as `RatePlan.steps` says. */
export interface StepPlan extends RatePlan {
  /** Texts per batch. */
  batch: number;
  /** Batches per update. */
  accumulate: number;
  /** Draws the order of the texts. */
  seed: number;
  targets: { teacherLogits: boolean; labels: boolean };
  /** What to try where loss or gradients are not finite, if not what a student's recipe says. */
  cure?: string;
}

/** One update that was made. */
export interface StepReport extends StepResult {
  /** Updates made so far, this one included. */
  step: number;
  /** From 0. */
  epoch: number;
  /** Whether this was the last update of an epoch, or of all. */
  epochEnd: boolean;
  learningRate: number;
  texts: number;
}

/** Updates in one epoch: `ceil(ceil(N / B) / accumulate)`; the last of them may be made of fewer batches. */
export function stepsPerEpoch(
  rows: number,
  { batch, accumulate }: { batch: number; accumulate: number },
): number {
  return Math.ceil(Math.ceil(rows / batch) / accumulate);
}

/**
 * Makes the updates from `start` on and calls `after` after each, which stops them by returning true.
 *
 * @throws LimbeckError `E_TRAINING` where loss or gradients are NaN or infinite: step, parameter, texts, and a cure.
 */
export async function makeSteps(
  program: CompiledProgram,
  set: TrainingSet,
  plan: StepPlan,
  start: number,
  after: (report: StepReport) => Promise<boolean>,
): Promise<void> {
  const perEpoch = stepsPerEpoch(set.rows, plan);
  const lengths = textLengths(set);
  let step = start;
  while (step < plan.steps) {
    const epoch = Math.floor(step / perEpoch);
    for (const parts of epochUpdates(lengths, plan, epoch).slice(step % perEpoch)) {
      const learningRate = learningRateOf(step, plan);
      const [first, ...others] = parts.map((rows) => makeBatch(set, rows, plan.targets));
      const given = others.length === 0 ? first! : [first!, ...others];
      const result = await program.step(given, { learningRate }).catch((thrown: unknown) => {
        const rows = parts.flatMap((part) => [...part]);
        throw explainStepError(thrown, {
          step: step + 1,
          epoch,
          set,
          rows,
          ...(plan.cure && { cure: plan.cure }),
        });
      });
      step += 1;
      const epochEnd = step % perEpoch === 0 || step === plan.steps;
      const texts = parts.reduce((sum, rows) => sum + rows.length, 0);
      if (await after({ ...result, step, epoch, epochEnd, learningRate, texts })) return;
      if (step === plan.steps) return;
    }
  }
}

/** One epoch's updates: the rows of each batch that an update is made of. */
function epochUpdates(
  lengths: Int32Array,
  { batch, accumulate, seed }: StepPlan,
  epoch: number,
): Int32Array[][] {
  const batches = epochBatches(lengths, { batch, seed, epoch });
  return Array.from({ length: Math.ceil(batches.length / accumulate) }, (_, update) =>
    batches.slice(update * accumulate, (update + 1) * accumulate),
  );
}
