import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CompiledProgram, StateDict } from "../engine/types.ts";
import { LimbeckError } from "../errors.ts";
import { loadCheckpoint, saveCheckpoint, type Checkpoint, type RunProgress } from "./checkpoint.ts";
import { openMetricsLog, type MetricsLog } from "./metrics-log.ts";
import { makeSteps, type StepPlan, type StepReport } from "./steps.ts";
import type { TrainingSet } from "./training-set.ts";
import { isBetter, validate, type Validation, type ValidationScore } from "./validation.ts";

/** Between checkpoints in an epoch that takes long. */
const CHECKPOINT_SECONDS = 60;

export interface RunOptions {
  program: CompiledProgram;
  set: TrainingSet;
  /** Chooses the best epoch and stops early; null: all steps are made and the last weights stay. */
  validation: Validation | null;
  plan: StepPlan;
  /** Epochs without a better score after which the run stops. */
  patience: number;
  /** The run's own: checkpoints and metrics.jsonl. */
  folder: string;
  /** Of everything that the weights depend on. */
  digest: string;
  signal: AbortSignal;
  /** After each step, with its loss. */
  onStep?: (step: number, loss: number) => void;
}

export interface RunOutcome {
  /** Those of the best step. */
  weights: StateDict;
  steps: number;
  bestStep: number;
  score: ValidationScore | null;
  seconds: number;
}

/**
 * Trains one student: goes on from the last checkpoint of the same digest if there is one, validates after each
 * epoch, keeps the best weights, stops after `patience` epochs without a better score, saves a checkpoint at the end
 * of each epoch and when it is stopped. Killed and started again it gives the same weights, bit for bit.
 *
 * @throws LimbeckError `E_ABORTED` after saving, where `signal` stops it; `E_TRAINING` where loss or gradients are not
 *   finite; `E_DISK`.
 */
export async function trainRun(options: RunOptions): Promise<RunOutcome> {
  const { program, set, plan, folder, digest } = options;
  const checkpoint = await loadCheckpoint(folder, digest);
  if (checkpoint) await program.loadState(checkpoint.state);
  const bytes = checkpoint?.progress.metricsBytes ?? 0;
  const log = await openMetricsLog(join(folder, "metrics.jsonl"), { bytes, steps: plan.steps });
  const run = new Run(options, log, checkpoint);
  if (!run.finished) {
    await makeSteps(program, set, plan, run.step, (report) => run.after(report)).catch(
      (thrown: unknown) => run.fail(thrown),
    );
  }
  return run.outcome();
}

/** What a run knows between its steps. */
class Run {
  private readonly options: RunOptions;
  private readonly log: MetricsLog;
  private readonly progress: RunProgress;
  private best: StateDict | null;
  private readonly secondsBefore: number;
  private readonly started = performance.now();
  private saved = performance.now();
  private savedStep: number | null;

  constructor(options: RunOptions, log: MetricsLog, checkpoint: Checkpoint | null) {
    this.options = options;
    this.log = log;
    this.progress = checkpoint?.progress ?? {
      digest: options.digest,
      step: 0,
      best: null,
      epochsWithoutImprovement: 0,
      metricsBytes: 0,
      seconds: 0,
    };
    this.savedStep = checkpoint?.progress.step ?? null;
    const isBest = this.progress.best?.step === this.progress.step;
    this.best = isBest ? (checkpoint?.state.weights ?? null) : (checkpoint?.best ?? null);
    this.secondsBefore = this.progress.seconds;
  }

  get step(): number {
    return this.progress.step;
  }

  /** Whether no step is left: all are made, or patience has run out. */
  get finished(): boolean {
    const { plan, patience } = this.options;
    return this.step >= plan.steps || this.progress.epochsWithoutImprovement >= patience;
  }

  /** @returns whether to stop */
  async after(report: StepReport): Promise<boolean> {
    const { signal, onStep } = this.options;
    this.progress.step = report.step;
    const at = performance.now();
    const score = report.epochEnd ? await this.validateEpoch() : null;
    this.log.add(report, score, at);
    onStep?.(report.step, report.loss);
    // A turn of the event loop, in which a message to stop is heard.
    await nextTurn();
    const late = performance.now() - this.saved > 1000 * CHECKPOINT_SECONDS;
    if (report.epochEnd || late || signal.aborted) await this.save();
    if (signal.aborted && !this.finished) {
      throw new LimbeckError(
        "E_ABORTED",
        `Training was stopped at step ${report.step}. Give the same command again: it goes on there.`,
      );
    }
    return this.finished;
  }

  /** Leaves the lines so far and tells which checkpoint is there to look at; throws again. */
  async fail(thrown: unknown): Promise<never> {
    if (!(thrown instanceof LimbeckError) || thrown.code !== "E_TRAINING") throw thrown;
    await this.log.flush();
    const kept =
      this.savedStep === null
        ? "No checkpoint had been saved yet."
        : `The checkpoint of step ${this.savedStep} is kept.`;
    throw new LimbeckError("E_TRAINING", `${thrown.message} ${kept}`, { cause: thrown });
  }

  async outcome(): Promise<RunOutcome> {
    const { program } = this.options;
    const { best, step } = this.progress;
    await this.log.flush();
    return {
      weights: this.best ?? (await program.saveState()).weights,
      steps: step,
      bestStep: best?.step ?? step,
      score: best?.score ?? null,
      seconds: this.seconds(),
    };
  }

  private async validateEpoch(): Promise<ValidationScore | null> {
    const { program, validation } = this.options;
    if (validation === null) return null;
    const score = await validate(program, validation);
    const { best } = this.progress;
    if (best === null || isBetter(score, best.score, validation.judge ?? validation.against)) {
      this.progress.best = { step: this.step, score };
      this.progress.epochsWithoutImprovement = 0;
      this.best = (await program.saveState()).weights;
    } else {
      this.progress.epochsWithoutImprovement += 1;
    }
    return score;
  }

  private async save(): Promise<void> {
    this.progress.metricsBytes = await this.log.flush();
    this.progress.seconds = this.seconds();
    const isBest = this.progress.best?.step === this.step;
    await saveCheckpoint(this.options.folder, {
      progress: this.progress,
      state: await this.options.program.saveState(),
      best: isBest ? null : this.best,
    });
    this.saved = performance.now();
    this.savedStep = this.step;
  }

  private seconds(): number {
    return this.secondsBefore + (performance.now() - this.started) / 1000;
  }
}
