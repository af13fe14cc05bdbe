import { LimbeckError, type ErrorCode } from "../errors.ts";
import { startProcess } from "../platform/spawn.ts";
import type { TimingReply, TimingRequest } from "./speed.ts";
import type { Timing } from "./timing.ts";

/** Lines of the process's output that an error shows. */
const LOG_LINES = 8;

/**
 * Times systems in a process of its own, where no thread of the caller's runtimes and no waiting work of its event loop
 * falls between question and answer.
 *
 * @returns by name
 * @throws LimbeckError `E_EXPORT` where the process dies, with its last lines; the code of what it threw otherwise; the
 *   signal's reason.
 */
export async function timeInProcess(
  request: TimingRequest,
  signal: AbortSignal,
): Promise<Map<string, Timing>> {
  signal.throwIfAborted();
  const child = startProcess(import.meta.url, "./timing-worker");
  let log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      log = [...log, ...chunk.split("\n").filter((line) => line.trim() !== "")].slice(-LOG_LINES);
    });
  }
  const stop = () => void child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  try {
    const reply = await new Promise<TimingReply>((resolve, reject) => {
      child.once("message", (message) => {
        resolve(message as TimingReply);
      });
      child.once("error", reject);
      child.once("close", (code, by) => {
        reject(
          new LimbeckError(
            "E_EXPORT",
            [
              `The process that measures speed ended: ${by ?? `exit code ${code ?? "unknown"}`}.`,
              ...log,
            ].join("\n"),
          ),
        );
      });
      child.send(request);
    });
    if (reply.kind === "failed") throw errorOf(reply);
    return new Map(reply.timings);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener("abort", stop);
    child.kill();
  }
}

function errorOf({ code, message }: Extract<TimingReply, { kind: "failed" }>): Error {
  return code === null ? new Error(message) : new LimbeckError(code as ErrorCode, message);
}
