import { MultiBar, type SingleBar } from "cli-progress";
import type { ProgressEvent } from "../types.ts";
import type { Reporter } from "./reporter.ts";
import { stageLine } from "./stage-lines.ts";
import type { Style } from "./style.ts";
import { formatDuration, TimeLeft } from "./time-left.ts";

type Progress = Extract<ProgressEvent, { kind: "progress" }>;

interface Task {
  event: Progress;
  left: TimeLeft;
  bar: SingleBar | null;
}

/** More would not fit on the screen of a machine with many cores. */
const MOST_BARS = 8;

/** A bar's line: `  bilstm seed 0  ████░░░░  38 %  3,500/9,233 texts  12 s left`, cut to the terminal's width. */
export function barLine(event: Progress, secondsLeft: number | null, width: number): string {
  const share = event.total > 0 ? Math.min(1, event.done / event.total) : 0;
  const filled = Math.round(share * 20);
  const bar = "█".repeat(filled) + "░".repeat(20 - filled);
  const count = (value: number) => Math.round(value).toLocaleString("en-US");
  const left = secondsLeft === null ? "" : `  ${formatDuration(secondsLeft)} left`;
  const detail = event.detail === undefined ? "" : `  ${event.detail}`;
  const percent = String(Math.floor(share * 100)).padStart(3);
  const line = `  ${event.task.padEnd(24)} ${bar} ${percent} %  ${count(event.done)}/${count(event.total)} ${event.unit}${detail}${left}`;
  return line.slice(0, Math.max(20, width - 1));
}

/** The bars of the tasks that run now; cli-progress redraws them, their text and time left are ours. */
class Bars {
  private bars: MultiBar | null = null;
  private readonly tasks = new Map<string, Task>();
  private readonly stream: NodeJS.WriteStream;
  private readonly width: number;

  constructor(stream: NodeJS.WriteStream, width: number) {
    this.stream = stream;
    this.width = width;
  }

  update(event: Progress): void {
    const key = `${event.stage}/${event.task}`;
    const task = this.tasks.get(key) ?? { event, left: new TimeLeft(), bar: null };
    task.event = event;
    task.left.update(performance.now(), event.done);
    this.tasks.set(key, task);
    if (event.done >= event.total) {
      this.hide();
      this.tasks.delete(key);
      this.show();
    } else if (task.bar === null) this.show();
    else task.bar.update(event.done, { line: this.line(task) });
  }

  /** Removes the bars, so that a line can be written in their place. */
  hide(): void {
    this.bars?.stop();
    this.bars = null;
    for (const task of this.tasks.values()) task.bar = null;
  }

  show(): void {
    if (this.tasks.size === 0) return;
    this.bars ??= new MultiBar({
      stream: this.stream,
      format: (_options, _parameters, payload: { line: string }) => payload.line,
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false, // signals are ours
      fps: 8,
    });
    for (const task of [...this.tasks.values()].slice(0, MOST_BARS)) {
      task.bar ??= this.bars.create(task.event.total, task.event.done, { line: this.line(task) });
    }
  }

  clear(): void {
    this.hide();
    this.tasks.clear();
  }

  private line(task: Task): string {
    return barLine(task.event, task.left.seconds(task.event.total), this.width);
  }
}

/** One line per event of a stage, with a bar below for each task that is under way. */
export function createTerminalReporter(
  stream: NodeJS.WriteStream,
  width: number,
  style: Style,
): Reporter {
  const bars = new Bars(stream, width);
  const say = (line: string): void => {
    bars.hide();
    stream.write(`${line}\n`);
    bars.show();
  };
  return {
    report(event) {
      if (event.kind === "progress") {
        bars.update(event);
        return;
      }
      if (event.kind === "stage-end") bars.clear();
      say(stageLine(event, style));
    },
    say,
    stop: () => {
      bars.clear();
    },
  };
}
