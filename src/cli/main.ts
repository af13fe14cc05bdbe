import { CommanderError } from "commander";
import { explainFailure } from "./failure.ts";
import { createProgram } from "./program.ts";

/** How long something that was left running may keep the process alive once the command has ended. */
const LINGER_MS = 1500;

function fail(thrown: unknown, json: boolean): number {
  const { message, exitCode, code } = explainFailure(thrown);
  if (json) process.stdout.write(`${JSON.stringify({ kind: "error", code, message })}\n`);
  process.stderr.write(`${message}\n`);
  return exitCode;
}

async function execute(words: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync([...words], { from: "user" });
    return 0;
  } catch (thrown) {
    // Commander has printed its message by now; help and version are no errors.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    return fail(thrown, words.includes("--json"));
  }
}

/** The command line: sets the exit code. 0 · 1 an error that can be mended, or a bug · 2 usage · 130 after Ctrl-C. */
export async function main(words: readonly string[]): Promise<void> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? 0 : 1);
  });
  process.exitCode = await execute(words);
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
