import { LimbeckError } from "../errors.ts";

/** What is known of a worker that has died. */
export interface Crash {
  /** What it trained, as `bilstm/seed-0`. */
  run: string;
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last step that it told of. */
  last: { step: number; loss: number } | null;
  /** Its last lines. */
  log: readonly string[];
  /** How many trained side by side. */
  workers: number;
}

/** What a user is told of a worker that has died: how, where it was, what it said, and what may help. */
export function explainCrash(crash: Crash): LimbeckError {
  const { run, last, log } = crash;
  const place =
    last === null ? "before its first step" : `after step ${last.step}, loss ${format(last.loss)}`;
  const said = log.length === 0 ? "It said nothing." : `It said last:\n${log.join("\n")}`;
  return new LimbeckError(
    "E_TRAINING",
    `Expected the training of ${run} to finish, got ${describeEnd(crash)} ${place}. ${describeCure(crash)}` +
      `Give the same command again: it goes on from the last checkpoint. ${said}`,
  );
}

function format(loss: number): string {
  return loss.toPrecision(4);
}

/** Node gives up on its heap with an abort, and says so. */
function outOfHeap({ log }: Crash): boolean {
  return log.some((line) => line.includes("heap out of memory"));
}

function describeEnd(crash: Crash): string {
  const { signal, code } = crash;
  if (signal === "SIGKILL") return "its process killed from outside (SIGKILL)";
  if (outOfHeap(crash)) return "its process out of memory";
  return signal ?? `exit code ${code ?? "unknown"}`;
}

function describeCure(crash: Crash): string {
  if (crash.signal !== "SIGKILL" && !outOfHeap(crash)) return "";
  const reason =
    crash.signal === "SIGKILL" ? "That is what a system does whose memory is full. " : "";
  const fewer =
    crash.workers > 1
      ? `Train fewer runs side by side, --set train.workers=${Math.max(1, Math.floor(crash.workers / 2))} instead of ${crash.workers}, or use a smaller train.batch. `
      : "Use a smaller train.batch, with train.accumulate for the same learning. ";
  return reason + fewer;
}
