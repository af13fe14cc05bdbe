import type { Report } from "../types.ts";

/** Shows what the stages report. */
export interface Reporter {
  report: Report;
  /** A line of our own between those of the stages. */
  say(line: string): void;
  /** Takes bars away; called before anything else is printed. */
  stop(): void;
}
