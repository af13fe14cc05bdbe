import { describeTerminal } from "../platform/terminal.ts";
import { createJsonReporter } from "./json-reporter.ts";
import { createPlainReporter } from "./plain-reporter.ts";
import type { Reporter } from "./reporter.ts";
import { createStyle } from "./style.ts";
import { createTerminalReporter } from "./terminal-reporter.ts";

/** What `--json` and `--quiet` say. */
export interface ReportOptions {
  json?: boolean | undefined;
  quiet?: boolean | undefined;
}

/** Bars on a terminal, lines elsewhere, JSON for machines, nothing with `--quiet`. Only JSON goes to standard output. */
export function createReporter(options: ReportOptions): Reporter {
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  if (options.json === true) {
    return { ...createJsonReporter((line) => process.stdout.write(line)), say };
  }
  const nothing = (): void => undefined;
  if (options.quiet === true) return { report: nothing, say, stop: nothing };
  const terminal = describeTerminal(process.stderr);
  const style = createStyle(terminal.colours);
  return terminal.interactive
    ? createTerminalReporter(process.stderr, terminal.width, style)
    : createPlainReporter((line) => process.stderr.write(line), style);
}
