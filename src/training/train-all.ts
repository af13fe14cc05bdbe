import { LimbeckError } from "../errors.ts";
import type { TrainedRun } from "../types.ts";
import { expectedChoiceSteps } from "./hard-label.ts";
import type { ChoiceJob, JobResults, LinearJob, NeuralJob } from "./jobs.ts";
import type { PlannedStudent, PlanInputs } from "./job-parts.ts";
import { trainMajorityRun } from "./majority-run.ts";
import { findChoice } from "./neural-run.ts";
import { choiceJob, distilledJobs, hardLabelJobs, linearJobs, planStudents } from "./plan.ts";
import { TrainingPool } from "./pool.ts";
import { StepCounter } from "./progress.ts";
import { findFinishedRun } from "./run-manifest.ts";

export interface TrainAllOptions extends PlanInputs {
  workers: number;
  signal: AbortSignal;
  onProgress: (done: number, total: number) => void;
  /** A run that was finished by an earlier command. */
  onKept: (run: TrainedRun) => void;
}

/**
 * Trains every variant with every seed side by side in worker processes, the longest first, and the controls that the
 * recipe asks for. Finished runs of the same digest are kept. One that fails lets the others finish first.
 *
 * @returns the runs: students, their hard-label controls, linear, majority
 * @throws LimbeckError `E_ABORTED` when stopped: every run has saved a checkpoint. `E_TRAINING`, `E_DISK`.
 */
export async function trainAll(options: TrainAllOptions): Promise<TrainedRun[]> {
  const { recipe, workers, signal } = options;
  const planned = await planStudents(recipe, options.classes.length);
  const pool = new TrainingPool({ workers, signal });
  const training = new Training(options, pool);
  try {
    const { controls } = recipe;
    const hard = controls.includes("hard-label")
      ? planned.map((student) => training.hardLabel(student))
      : [];
    const distilled = planned.flatMap((student) =>
      distilledJobs(options, student).map((job) => training.neural(job)),
    );
    const linear = controls.includes("linear")
      ? linearJobs(options).map((job) => training.linear(job))
      : [];
    pool.start();
    const runs = await settle([...distilled, ...hard, ...linear], signal);
    if (recipe.controls.includes("majority")) runs.push(await trainMajorityRun(options));
    return runs;
  } finally {
    pool.close();
  }
}

/** Waits for all, then throws what one threw: any other reason before that the user stopped it. */
async function settle(
  all: readonly Promise<TrainedRun | TrainedRun[]>[],
  signal: AbortSignal,
): Promise<TrainedRun[]> {
  const settled = await Promise.allSettled(all);
  const reasons = settled.flatMap((one) =>
    one.status === "rejected" ? [one.reason as unknown] : [],
  );
  const failure = reasons.find(
    (reason) => !(reason instanceof LimbeckError && reason.code === "E_ABORTED"),
  );
  if (failure !== undefined) throw failure as Error;
  if (reasons.length > 0 || signal.aborted) {
    throw new LimbeckError(
      "E_ABORTED",
      "Training was stopped; every run has saved a checkpoint. Give the same command again: it goes on there.",
    );
  }
  return settled.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
}

/** Sends jobs to the pool, which looks first whether their result is there. */
class Training {
  private readonly options: TrainAllOptions;
  private readonly pool: TrainingPool;
  private readonly counter: StepCounter;

  constructor(options: TrainAllOptions, pool: TrainingPool) {
    this.options = options;
    this.pool = pool;
    this.counter = new StepCounter(options.onProgress);
  }

  neural(job: NeuralJob): Promise<TrainedRun> {
    const { steps } = job.plan;
    const priority = steps * job.stepCost;
    return this.send<"neural">(job, { steps, priority, find: () => this.findRun(job) });
  }

  linear(job: LinearJob): Promise<TrainedRun> {
    return this.send<"linear">(job, { steps: 0, priority: 0, find: () => this.findRun(job) });
  }

  /** Chooses, then trains each seed. */
  async hardLabel(student: PlannedStudent): Promise<TrainedRun[]> {
    const job = choiceJob(this.options, student);
    const steps = expectedChoiceSteps(job.plan.steps);
    const choice = await this.send<"choice">(job, {
      steps,
      // The runs that wait for it take as long again at most.
      priority: (steps + job.plan.steps) * job.stepCost,
      find: () => findChoice(job.folder, job.digest),
    });
    const jobs = hardLabelJobs(this.options, student, choice);
    return settle(
      jobs.map((next) => this.neural(next)),
      this.options.signal,
    );
  }

  private async findRun({ folder, digest }: NeuralJob | LinearJob): Promise<TrainedRun | null> {
    const run = await findFinishedRun(folder, digest);
    if (run) this.options.onKept(run);
    return run;
  }

  private async send<Kind extends "neural" | "choice" | "linear">(
    job: Extract<NeuralJob | ChoiceJob | LinearJob, { kind: Kind }>,
    {
      steps,
      priority,
      find,
    }: { steps: number; priority: number; find: () => Promise<JobResults[Kind] | null> },
  ): Promise<JobResults[Kind]> {
    this.counter.expect(job.folder, steps);
    const onStep = (step: number) => {
      this.counter.advance(job.folder, step);
    };
    const result = await this.pool.run<Kind>(job, { priority, find, onStep });
    this.counter.finish(job.folder);
    return result;
  }
}
