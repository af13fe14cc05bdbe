import type { ChildProcess } from "node:child_process";
import { LimbeckError, type ErrorCode } from "../errors.ts";
import { startProcess } from "../platform/spawn.ts";
import type { Job, JobResults, WorkerReply, WorkerRequest } from "./jobs.ts";

/** Lines of a worker's output that an error shows. */
const LOG_LINES = 8;

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
  private log: string[] = [];
  private ended = false;

  constructor() {
    this.child = startProcess(import.meta.url, "./training-worker");
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.log = [...this.log, ...chunk.split("\n").filter((line) => line.trim() !== "")].slice(
          -LOG_LINES,
        );
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
   * @throws LimbeckError `E_TRAINING` where the process dies: with its last lines. What the job throws otherwise.
   */
  async run<Kind extends Job["kind"]>(
    job: Extract<Job, { kind: Kind }>,
    { signal, onStep }: { signal: AbortSignal; onStep: (step: number) => void },
  ): Promise<JobResults[Kind]> {
    const stop = () => {
      this.send({ kind: "stop" });
    };
    this.log = [];
    try {
      return await new Promise<JobResults[Kind]>((resolve, reject) => {
        this.child.removeAllListeners("message");
        this.child.on("message", (reply: WorkerReply) => {
          if (reply.kind === "progress") onStep(reply.step);
          else if (reply.kind === "done") resolve(reply.result as JobResults[Kind]);
          else reject(errorOf(reply));
        });
        // `close` comes after the last output was read, `exit` may come before.
        this.child.once("close", (code, by) => {
          reject(this.crash(by ?? `exit code ${code ?? "unknown"}`));
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

  private crash(how: string): LimbeckError {
    const said =
      this.log.length === 0 ? "It said nothing." : `It said last:\n${this.log.join("\n")}`;
    return new LimbeckError(
      "E_TRAINING",
      `Expected the training process to finish, got ${how}. Give the same command again: it goes on from the last checkpoint. ${said}`,
    );
  }
}

function errorOf(reply: Extract<WorkerReply, { kind: "failed" }>): Error {
  const { code, message, stack } = reply;
  if (code === null) return Object.assign(new Error(message), { stack });
  const own = OURS.find((known) => known === code);
  return new LimbeckError(own ?? "E_TRAINING", message);
}
