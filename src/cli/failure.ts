import { messageOf } from "../errors.ts";

/** What the user is told, and what the process leaves with. */
export interface Failure {
  message: string;
  /** 1: an error that can be mended, or a bug · 2: usage · 130: stopped. */
  exitCode: number;
  code: string;
}

function codeOf(thrown: unknown): string | null {
  const code = (thrown as { code?: unknown } | null)?.code;
  return thrown instanceof Error && typeof code === "string" && /^E_[A-Z_]+$/.test(code)
    ? code
    : null;
}

/**
 * Errors that the user can mend (a code that starts with `E_`) become their message alone; anything else is a bug and
 * keeps its stack.
 */
export function explainFailure(thrown: unknown): Failure {
  if (thrown instanceof Stopped) {
    return { message: thrown.message, exitCode: thrown.exitCode, code: "E_ABORTED" };
  }
  const code = codeOf(thrown);
  if (code !== null) {
    const exitCode = code === "E_USAGE" ? 2 : code === "E_ABORTED" ? 130 : 1;
    return { message: messageOf(thrown), exitCode, code };
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  const message = `${stack}\nThis is a bug in Limbeck. Please report it together with the command and these lines.`;
  return { message, exitCode: 1, code: "E_BUG" };
}

/** Thrown after Ctrl-C: the message of what was stopped, and the exit code of the signal. */
export class Stopped extends Error {
  override readonly name = "Stopped";
  readonly exitCode: number;

  constructor(cause: unknown, exitCode: number) {
    const code = codeOf(cause);
    super(code === null ? "Stopped. The same command goes on from here." : messageOf(cause), {
      cause,
    });
    this.exitCode = exitCode;
  }
}
