import type { WriteStream } from "node:tty";

/** What an output stream can show. */
export interface Terminal {
  /** Whether a person watches it, so that lines can be redrawn. */
  interactive: boolean;
  colours: boolean;
  /** Columns; 100 where it is no terminal. */
  width: number;
}

/**
 * Looks at a stream and the environment: `NO_COLOR` (https://no-color.org) turns colours off, `FORCE_COLOR` on, and a
 * dumb terminal or a CI machine gets plain lines.
 */
export function describeTerminal(
  stream: NodeJS.WriteStream,
  environment: NodeJS.ProcessEnv = process.env,
): Terminal {
  const isTerminal = (stream as Partial<WriteStream>).isTTY === true;
  const interactive = isTerminal && environment["TERM"] !== "dumb" && !environment["CI"];
  const forced = environment["FORCE_COLOR"];
  const off = (environment["NO_COLOR"] ?? "") !== "";
  const on = forced === undefined ? interactive : forced !== "0" && forced !== "false";
  return { interactive, colours: on && !off, width: isTerminal ? stream.columns || 100 : 100 };
}
