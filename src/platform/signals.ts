import { constants } from "node:os";

/** How the outside asks a process to end; Windows knows Ctrl-C, Ctrl-Break and the closing of the window only. */
const SIGNALS: readonly NodeJS.Signals[] =
  process.platform === "win32" ? ["SIGINT", "SIGBREAK", "SIGHUP"] : ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Interrupt {
  /** Aborted by the first signal. */
  signal: AbortSignal;
  /** What to leave with: 128 + the signal's number, so 130 after Ctrl-C; null where nothing has come. */
  exitCode(): number | null;
  /** Stops listening, unless a signal has come: the process is leaving then, and the next signal ends it at once. */
  dispose(): void;
}

/**
 * Turns the first Ctrl-C (or SIGTERM, or the closing of the terminal) into an abort, so that work is saved; the second
 * leaves at once.
 *
 * @param announce - called at the first signal: says that work is being saved
 * @param leave - called at the second signal, before the process exits
 */
export function onInterrupt(
  announce: (signal: NodeJS.Signals) => void,
  leave: () => void = () => undefined,
): Interrupt {
  const controller = new AbortController();
  let code: number | null = null;
  const listener = (signal: NodeJS.Signals): void => {
    if (code !== null) {
      leave();
      process.exit(code);
    }
    code = 128 + constants.signals[signal];
    announce(signal);
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    signal: controller.signal,
    exitCode: () => code,
    dispose: () => {
      // Without a listener a second Ctrl-C during the last clean-up would kill the process instead of ending it with
      // its exit code.
      if (code !== null) return;
      for (const signal of SIGNALS) process.off(signal, listener);
    },
  };
}
