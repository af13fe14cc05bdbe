import { spawn } from "node:child_process";
import { LimbeckError } from "../errors.ts";

/** A program and its words, as a shell would get them. */
export interface Command {
  program: string;
  words: readonly string[];
  /** Working directory; that of this process by default. */
  folder?: string;
}

export interface Ended {
  /** 0 where all went well; null where a signal or the lack of the program ended it. */
  code: number | null;
  /** What it wrote, both streams in their order. */
  output: string;
}

/** How many of a failed command's last lines an error shows. */
const LAST_LINES = 12;

/** Runs a command to its end; it never throws for what the command does. An abort ends it. */
export function runCommand(
  { program, words, folder }: Command,
  signal?: AbortSignal,
): Promise<Ended> {
  return new Promise((finish) => {
    const child = spawn(program, [...words], {
      stdio: ["ignore", "pipe", "pipe"],
      ...(folder !== undefined && { cwd: folder }),
      ...(signal && { signal }),
    });
    let output = "";
    const keep = (chunk: string): void => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.once("error", ({ message }) => {
      finish({ code: null, output: `${output}${message}` });
    });
    child.once("close", (code) => {
      finish({ code, output });
    });
  });
}

/**
 * Runs a command that has to succeed, and returns what it wrote.
 *
 * @param shown - the command as the user would type it.
 * @throws LimbeckError `E_ABORTED` after an abort, else `E_DEVICE` with the command and its last lines.
 */
export async function runOrFail(
  command: Command,
  shown: string,
  signal?: AbortSignal,
): Promise<string> {
  const { code, output } = await runCommand(command, signal);
  if (signal?.aborted === true) {
    throw new LimbeckError("E_ABORTED", "Stopped. Whatever was built before is as it was.");
  }
  if (code === 0) return output;
  const lines = output.trimEnd().split("\n").slice(-LAST_LINES);
  throw new LimbeckError(
    "E_DEVICE",
    `Expected this command to succeed, got ${code === null ? "no exit code" : `exit code ${code}`}:\n` +
      `  ${shown}\n${lines.map((line) => `  | ${line}`).join("\n")}\n` +
      "Mend what it says and give the same command again. Whatever was built before is as it was.",
  );
}
