import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A TypeScript file beside the tests, running as a process of its own. */
export interface Script {
  process: ChildProcess;
  /** Resolves once the output, standard and error together, holds the words; rejects when the script ends without. */
  says: (words: string | RegExp) => Promise<string>;
  /** Exit code, or the signal's name. */
  ended: Promise<number | NodeJS.Signals>;
}

export function startScript(name: string, parameters: readonly string[]): Script {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, ...parameters], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const waiting = new Set<() => void>();
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
    for (const check of waiting) check();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on("close", (code, signal) => {
      resolve(code ?? signal ?? -1);
    });
  });
  const says = async (words: string | RegExp): Promise<string> =>
    await new Promise((resolve, reject) => {
      const check = (): void => {
        if (typeof words === "string" ? !output.includes(words) : !words.test(output)) return;
        waiting.delete(check);
        resolve(output);
      };
      waiting.add(check);
      check();
      void ended.then(() => {
        reject(new Error(`ended without saying ${String(words)}: ${output}`));
      });
    });
  return { process: child, says, ended };
}
