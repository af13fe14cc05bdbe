import { EngineError } from "../engine/index.ts";
import type { CompiledProgram, StepResult } from "../engine/types.ts";
import { learningRateAt } from "../engine/optimizers/schedules.ts";
import { LimbeckError } from "../errors.ts";
import { epochBatches, makeBatch } from "./batches.ts";
import { textLengths, type TrainingSet } from "./training-set.ts";

/** How a run goes over its texts. */
export interface StepPlan {
  /** Updates in all. */
  steps: number;
  /** Texts per update. */
  batch: number;
  /** Draws the order of the texts. */
  seed: number;
  /** Peak of the learning rate. */
  learningRate: number;
  /** Share of the updates over which the rate rises. */
  warmup: number;
  targets: { teacherLogits: boolean; labels: boolean };
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

/** Updates in one epoch: `ceil(N / B)`. */
export function stepsPerEpoch(rows: number, batch: number): number {
  return Math.ceil(rows / batch);
}

/**
 * Makes the updates from `start` on and calls `after` after each, which stops them by returning true.
 *
 * @throws LimbeckError `E_TRAINING` where loss or gradients are NaN or infinite: step, parameter, and a cure.
 */
export async function makeSteps(
  program: CompiledProgram,
  set: TrainingSet,
  plan: StepPlan,
  start: number,
  after: (report: StepReport) => Promise<boolean>,
): Promise<void> {
  const perEpoch = stepsPerEpoch(set.rows, plan.batch);
  const lengths = textLengths(set);
  let step = start;
  while (step < plan.steps) {
    const epoch = Math.floor(step / perEpoch);
    const batches = epochBatches(lengths, { batch: plan.batch, seed: plan.seed, epoch });
    for (const rows of batches.slice(step % perEpoch)) {
      const learningRate = learningRateAt(step, {
        kind: "linear",
        peak: plan.learningRate,
        steps: plan.steps,
        warmup: plan.warmup,
      });
      const batch = makeBatch(set, rows, plan.targets);
      const result = await program.step(batch, { learningRate }).catch((thrown: unknown) => {
        throw explainStepError(thrown, step + 1, epoch);
      });
      step += 1;
      const epochEnd = step % perEpoch === 0 || step === plan.steps;
      if (await after({ ...result, step, epoch, epochEnd, learningRate, texts: rows.length }))
        return;
      if (step === plan.steps) return;
    }
  }
}

function explainStepError(thrown: unknown, step: number, epoch: number): unknown {
  if (!(thrown instanceof EngineError) || thrown.code !== "E_NONFINITE") return thrown;
  return new LimbeckError(
    "E_TRAINING",
    `Training stopped at step ${step}, epoch ${epoch + 1}: ${thrown.message} ` +
      "The last checkpoint is kept. Try a lower train.learningRate or train.clipNorm.",
    { cause: thrown },
  );
}
