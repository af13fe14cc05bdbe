import { onInterrupt } from "../platform/signals.ts";
import { Stopped } from "./failure.ts";
import type { Reporter } from "./reporter.ts";

/** Runs with Ctrl-C watched. @throws Stopped after it, with the exit code. */
export async function guarded<Result>(
  reporter: Reporter,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const interrupt = onInterrupt(
    () => {
      reporter.say("Stopping: what is done so far is being saved. Ctrl-C again leaves at once.");
    },
    () => {
      reporter.stop();
    },
  );
  try {
    return await work(interrupt.signal);
  } catch (thrown) {
    const exitCode = interrupt.exitCode();
    const { code, name } = thrown as { code?: unknown; name?: unknown };
    if (exitCode !== null && (code === "E_ABORTED" || name === "AbortError"))
      throw new Stopped(thrown, exitCode);
    throw thrown;
  } finally {
    reporter.stop();
    interrupt.dispose();
  }
}
