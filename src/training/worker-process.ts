import type { ChildProcess } from "node:child_process";
import { basename, dirname } from "node:path";
import { LimbeckError, type ErrorCode } from "../errors.ts";
import { LogTail } from "../platform/log-tail.ts";
import { startProcess } from "../platform/spawn.ts";
import { explainCrash, type Crash } from "./crash.ts";
import type { Job, JobResults, WorkerReply, WorkerRequest } from "./jobs.ts";

/** Codes of the engine's errors are not ours: they mean that training failed. */
const OURS: readonly ErrorCode[] = [
  "E_ABORTED",
  "E_DISK",
  "E_DATA",
  "E_RECIPE",
  "E_SHAPE",
  "E_STORE",
  "E_TEACHER",
];

/** A process that trains one job at a time. */
export class WorkerProcess {
  private readonly child: ChildProcess;
  private readonly workers: number;
  private readonly log = new LogTail();
  private last: Crash["last"] = null;
  private ended = false;

  /** @param workers - how many work side by side: an error may advise fewer */
  constructor(workers: number) {
    this.workers = workers;
    this.child = startProcess(import.meta.url, "./training-worker");
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.log.add(chunk);
      });
    }
    this.child.once("exit", () => (this.ended = true));
    this.child.on("error", () => (this.ended = true));
  }

  /** Whether it can take another job. */
  get alive(): boolean {
    return !this.ended && this.child.connected;
  }

  /**
   * Trains a job.
   *
   * @param signal - asks the worker to save and stop; the promise then rejects with `E_ABORTED`
   * @throws LimbeckError `E_TRAINING` where the process dies: how, its last step and lines. What the job throws otherwise.
   */
  async run<Kind extends Job["kind"]>(
    job: Extract<Job, { kind: Kind }>,
    { signal, onStep }: { signal: AbortSignal; onStep: (step: number) => void },
  ): Promise<JobResults[Kind]> {
    const stop = () => {
      this.send({ kind: "stop" });
    };
    this.log.clear();
    this.last = null;
    try {
      return await new Promise<JobResults[Kind]>((resolve, reject) => {
        this.child.removeAllListeners("message");
        this.child.on("message", (reply: WorkerReply) => {
          if (reply.kind === "progress") {
            this.last = { step: reply.step, loss: reply.loss };
            onStep(reply.step);
          } else if (reply.kind === "done") resolve(reply.result as JobResults[Kind]);
          else reject(errorOf(reply, nameJob(job)));
        });
        // `close` comes after the last output was read, `exit` may come before.
        this.child.once("close", (code, by) => {
          const { last, workers } = this;
          const known = { last, workers, log: this.log.last, run: nameJob(job) };
          reject(explainCrash({ ...known, code, signal: by }));
        });
        this.child.once("error", reject);
        this.send({ kind: "job", job });
        signal.addEventListener("abort", stop, { once: true });
        if (signal.aborted) stop();
      });
    } finally {
      signal.removeEventListener("abort", stop);
      this.child.removeAllListeners("close").removeAllListeners("error");
      this.child.on("error", () => (this.ended = true));
    }
  }

  /** Ends the process: it leaves when its channel closes. */
  close(): void {
    if (this.child.connected) this.child.disconnect();
  }

  private send(request: WorkerRequest): void {
    // A worker that is gone is noticed by its `close`.
    if (this.child.connected) this.child.send(request, () => undefined);
  }
}

/** As the run's folder below `train/`: `bilstm/seed-0`, or `bilstm-hard-label` while its training is chosen. */
function nameJob({ kind, folder }: Job): string {
  const own = basename(folder);
  return kind === "choice" ? own : `${basename(dirname(folder))}/${own}`;
}

function errorOf(reply: Extract<WorkerReply, { kind: "failed" }>, run: string): Error {
  const { code, message, stack } = reply;
  if (code === null) return Object.assign(new Error(message), { stack });
  const own = OURS.find((known) => known === code);
  return own === undefined
    ? new LimbeckError("E_TRAINING", `${run}: ${message}`)
    : new LimbeckError(own, message);
}
