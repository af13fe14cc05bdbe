import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const packageFolder = fileURLToPath(new URL("../../", import.meta.url));
export const executable = fileURLToPath(new URL("../../bin/limbeck.js", import.meta.url));

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs the command line as a user does, in `folder`, and waits for its end. */
export async function limbeck(
  parameters: readonly string[],
  { folder, input, script = executable }: { folder: string; input?: string; script?: string },
): Promise<Finished> {
  const child = spawn(process.execPath, [script, ...parameters], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  child.stdin.end(input ?? "");
  return await new Promise((finish, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => {
      finish({ code, signal, stdout, stderr });
    });
  });
}
