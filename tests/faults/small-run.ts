import { spawn, type ChildProcess } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { executable, packageFolder } from "../helpers/command-line.ts";

const recipe = `name: small
data:
  source: { train: train.tsv, test: test.tsv }
  labelled: { perClass: 8 }
teacher: { kind: encoder-head, model: ${join(packageFolder, "teachers/minilm-l6-v2")} }
student: { kind: bilstm, hidden: 32, embedding: { size: 32 } }
train: { epochs: 3, seeds: 2 }
controls: [hard-label, linear]
evaluate: { resamples: 200 }
`;

/** Writes a recipe with its texts, four intents of Banking77, into a folder. */
export async function writeSmallRecipe(folder: string): Promise<void> {
  await writeBankingCut(folder, 4);
  await writeFile(join(folder, "small.yaml"), recipe);
}

export interface Started {
  child: ChildProcess;
  /** What has been written so far. */
  output(): { stdout: string; stderr: string };
  /** Resolves once `--json` reports this; rejects when the command ends without. */
  reports(kind: string, stage: string): Promise<void>;
  ended: Promise<number | null>;
  /** Ctrl-C at a terminal reaches every process of the group. */
  pressCtrlC(): void;
}

/** Starts `limbeck … --json` as a shell would: in a process group of its own. */
export function startLimbeck(words: readonly string[], folder: string): Started {
  const child = spawn(process.execPath, [executable, ...words, "--json"], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let stdout = "";
  let stderr = "";
  const checks = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    for (const check of checks) check();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const reports = async (kind: string, stage: string): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        const found = stdout.split("\n").some((line) => {
          if (!line.endsWith("}")) return false;
          const event = JSON.parse(line) as { kind?: string; stage?: string };
          return event.kind === kind && event.stage === stage;
        });
        if (!found) return;
        checks.delete(check);
        resolve();
      };
      checks.add(check);
      check();
      void ended.then(() => {
        reject(new Error(`ended without ${kind} of ${stage}: ${stdout}\n${stderr}`));
      });
    });
  };
  const pressCtrlC = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") throw thrown; // it has ended by itself
    }
  };
  return { child, output: () => ({ stdout, stderr }), reports, ended, pressCtrlC };
}

/** Files that only a write under way has, anywhere below a folder. */
export async function temporaryFiles(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true });
  return all.filter((path) => path.endsWith(".tmp"));
}
