import type { Reporter } from "./reporter.ts";
import { progressLine, stageLine } from "./stage-lines.ts";
import type { Style } from "./style.ts";
import { TimeLeft } from "./time-left.ts";

const EVERY_MS = 5000;

/** Lines for files and pipes: of each task one every five seconds at most, none of a task that is shorter. */
export function createPlainReporter(
  write: (text: string) => void,
  style: Style,
  now: () => number = () => performance.now(),
): Reporter {
  const tasks = new Map<string, { printed: number; left: TimeLeft }>();
  return {
    report(event) {
      if (event.kind !== "progress") {
        if (event.kind === "stage-end") tasks.clear();
        write(`${stageLine(event, style)}\n`);
        return;
      }
      const key = `${event.stage}/${event.task}`;
      const task = tasks.get(key) ?? { printed: now(), left: new TimeLeft() };
      tasks.set(key, task);
      task.left.update(now(), event.done);
      if (now() - task.printed < EVERY_MS) return;
      task.printed = now();
      write(`${progressLine(event, task.left.seconds(event.total))}\n`);
    },
    say: (line) => {
      write(`${line}\n`);
    },
    stop: () => undefined,
  };
}
