import { LogTail } from "./log-tail.ts";
import { startProcess } from "./spawn.ts";

export interface WorkerOptions {
  /** `import.meta.url` of the caller, and the module beside it, without extension. */
  base: string;
  path: string;
  parameters: readonly string[];
  limitMs: number;
  signal?: AbortSignal;
}

/** A result, or in one sentence why there is none. */
export type WorkerEnd<Result> =
  { result: Result; problem: null } | { result: null; problem: string };

/** What a worker sends, once. */
export type WorkerMessage<Result> = { result: Result } | { problem: string };

/**
 * Runs a module in a process of its own and waits for its one message. Native libraries may end their process or hang:
 * both become a problem in words, and the process is gone when this returns.
 */
export function runWorker<Result>(options: WorkerOptions): Promise<WorkerEnd<Result>> {
  const { base, path, parameters, limitMs, signal } = options;
  return new Promise((finish) => {
    const child = startProcess(base, path, parameters);
    const log = new LogTail();
    let message: WorkerMessage<Result> | null = null;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, limitMs);
    const stop = (): void => {
      child.kill("SIGKILL");
    };
    signal?.addEventListener("abort", stop);
    child.stdout?.resume();
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      log.add(chunk);
    });
    child.once("message", (sent) => {
      message = sent as WorkerMessage<Result>;
    });
    child.once("error", ({ message: reason }) => {
      log.add(reason);
    });
    child.once("close", (code, killer) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      // What it has sent counts, even where it crashed on its way out, as drivers do.
      if (message !== null && "result" in message)
        finish({ result: message.result, problem: null });
      else if (message !== null) finish({ result: null, problem: message.problem });
      else
        finish({
          result: null,
          problem: describeEnd({ code, killer, late, limitMs, line: log.last.at(-1) }),
        });
    });
  });
}

function describeEnd(end: {
  code: number | null;
  killer: string | null;
  late: boolean;
  limitMs: number;
  /** The last that it said. */
  line: string | undefined;
}): string {
  if (end.late) return `no answer within ${Math.round(end.limitMs / 1000)} seconds`;
  const how = end.killer === null ? `exit code ${end.code ?? "none"}` : `signal ${end.killer}`;
  return `its process ended with ${how}${end.line === undefined ? "" : `: ${end.line.trim()}`}`;
}
