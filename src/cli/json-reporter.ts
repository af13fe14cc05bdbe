import type { Reporter } from "./reporter.ts";

const EVERY_MS = 500;

/** One JSON object a line, each with its time: of every task's progress two a second at most, and the last. */
export function createJsonReporter(
  write: (text: string) => void,
  now: () => number = () => Date.now(),
): Reporter {
  const printed = new Map<string, number>();
  return {
    report(event) {
      if (event.kind === "progress") {
        const key = `${event.stage}/${event.task}`;
        const due = now() - (printed.get(key) ?? -Infinity) >= EVERY_MS;
        if (!due && event.done < event.total) return;
        printed.set(key, now());
      }
      write(`${JSON.stringify({ time: new Date(now()).toISOString(), ...event })}\n`);
    },
    say: () => undefined,
    stop: () => undefined,
  };
}
