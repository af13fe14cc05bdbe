import { EngineError } from "../engine/index.ts";
import { LimbeckError, messageOf } from "../errors.ts";
import type { Job, JobControl, JobResults, WorkerReply, WorkerRequest } from "./jobs.ts";
import { runLinearJob } from "./linear-run.ts";
import { runChoiceJob, runNeuralJob } from "./neural-run.ts";

// A process that trains: one job after the other, one thread. The parent tells it to stop by message, since a
// terminal's Ctrl-C reaches the whole group; without the parent it has no business.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit(1));

/** Milliseconds between messages about progress. */
const INTERVAL = 100;

let stopping = new AbortController();

process.on("message", (request: WorkerRequest) => {
  if (request.kind === "stop") stopping.abort();
  else void work(request.job);
});

async function work(job: Job): Promise<void> {
  stopping = new AbortController();
  let last = 0;
  const onStep = (step: number, loss: number) => {
    const now = performance.now();
    if (now - last < INTERVAL) return;
    last = now;
    reply({ kind: "progress", step, loss });
  };
  try {
    reply({ kind: "done", result: await perform(job, { signal: stopping.signal, onStep }) });
  } catch (thrown) {
    const code =
      thrown instanceof LimbeckError || thrown instanceof EngineError ? thrown.code : null;
    const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
    reply({ kind: "failed", code, message: messageOf(thrown), stack });
  }
}

function perform(job: Job, control: JobControl): Promise<JobResults[keyof JobResults]> {
  switch (job.kind) {
    case "neural":
      return runNeuralJob(job, control);
    case "choice":
      return runChoiceJob(job, control);
    case "linear":
      return runLinearJob(job, control);
  }
}

function reply(message: WorkerReply): void {
  process.send?.(message);
}
