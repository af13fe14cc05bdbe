import { setImmediate as nextTurn } from "node:timers/promises";
import PQueue from "p-queue";
import { LimbeckError } from "../errors.ts";
import type { Job, JobResults } from "./jobs.ts";
import { WorkerProcess } from "./worker-process.ts";

export interface PoolOptions {
  /** Processes side by side. */
  workers: number;
  signal: AbortSignal;
}

export interface RunJobOptions<Result> {
  /** Greater ones go first: what it, and what waits for it, will cost. */
  priority: number;
  /** The result where an earlier command left it. */
  find: () => Promise<Result | null>;
  onStep: (step: number) => void;
}

/** Worker processes that train jobs side by side, the longest first. Nothing starts before `start`. */
export class TrainingPool {
  private readonly queue: PQueue;
  private readonly workers: number;
  private readonly signal: AbortSignal;
  private readonly idle: WorkerProcess[] = [];

  constructor({ workers, signal }: PoolOptions) {
    this.queue = new PQueue({ concurrency: workers, autoStart: false });
    this.workers = workers;
    this.signal = signal;
  }

  /** Begins with the longest of the jobs that were sent; those that are sent later take their place among the rest. */
  start(): void {
    this.queue.start();
  }

  /**
   * Trains a job in the next free process, unless its result is already there.
   *
   * @throws LimbeckError `E_ABORTED` where the pool is stopped before or while it is trained; what the job throws.
   */
  run<Kind extends Job["kind"]>(
    job: Extract<Job, { kind: Kind }>,
    options: RunJobOptions<JobResults[Kind]>,
  ): Promise<JobResults[Kind]> {
    return new Promise((resolve, reject) => {
      const work = async (): Promise<void> => {
        await this.train(job, options).then(resolve, reject);
        // A turn in which what waited for this job is sent: else a shorter one would take the free place.
        await nextTurn();
      };
      void this.queue.add(work, { priority: options.priority });
    });
  }

  /** Ends all processes; call when no job is under way. */
  close(): void {
    for (const worker of this.idle.splice(0)) worker.close();
  }

  private async train<Kind extends Job["kind"]>(
    job: Extract<Job, { kind: Kind }>,
    { find, onStep }: RunJobOptions<JobResults[Kind]>,
  ): Promise<JobResults[Kind]> {
    const found = await find();
    if (found !== null) return found;
    if (this.signal.aborted) throw new LimbeckError("E_ABORTED", "Training was stopped.");
    const worker = this.takeIdle() ?? new WorkerProcess(this.workers);
    try {
      return await worker.run(job, { signal: this.signal, onStep });
    } finally {
      if (worker.alive) this.idle.push(worker);
    }
  }

  /** A process without a job; one that has died meanwhile is forgotten. */
  private takeIdle(): WorkerProcess | null {
    for (let worker = this.idle.pop(); worker; worker = this.idle.pop())
      if (worker.alive) return worker;
    return null;
  }
}
