import type { ProgressEvent } from "../types.ts";
import { formatDuration } from "./time-left.ts";
import type { Style } from "./style.ts";

const NAME_WIDTH = "evaluate".length + 2;
const indent = " ".repeat(NAME_WIDTH);

/** The line of an event for people: the stage's name, then what is being done. */
export function stageLine(
  event: Exclude<ProgressEvent, { kind: "progress" }>,
  style: Style,
): string {
  const name = style.bold(event.stage.padEnd(NAME_WIDTH));
  switch (event.kind) {
    case "stage-start":
      return name + event.message;
    case "stage-skip":
      return name + style.dim(`skipped: ${event.message}`);
    case "stage-end":
      return `${indent}${style.green("done")} in ${formatDuration(event.seconds)}: ${event.message}`;
    case "note":
      return indent + style.dim(event.message);
    case "warning":
      return `${indent}${style.yellow("warning:")} ${event.message}`;
  }
}

/** `bilstm seed 0: 1,200 of 9,233 texts`, with the time left where it is known. */
export function progressLine(
  event: Extract<ProgressEvent, { kind: "progress" }>,
  secondsLeft: number | null,
): string {
  const count = (value: number) => Math.round(value).toLocaleString("en-US");
  const left = secondsLeft === null ? "" : `, ${formatDuration(secondsLeft)} left`;
  const detail = event.detail === undefined ? "" : `, ${event.detail}`;
  return `${indent}${event.task}: ${count(event.done)} of ${count(event.total)} ${event.unit}${detail}${left}`;
}
