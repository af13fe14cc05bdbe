import { spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { shareScript, type ShareOptions } from "./share-options.ts";

export interface Outcome {
  root: string;
  /** Texts that this process labelled. */
  computed: number;
  notes: string[];
}

export interface Sharing {
  child: ChildProcess;
  /** Resolves when the store is open. */
  opened: Promise<void>;
  ended: Promise<void>;
  /** What the process printed at its end. @throws where it was killed or failed */
  outcome(): Promise<Outcome>;
}

/** Starts a process that labels. */
export function startSharing(options: ShareOptions): Sharing {
  const child = spawn(process.execPath, ["--import", "tsx", shareScript, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      resolve();
    });
  });
  const opened = new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.startsWith("open\n")) resolve();
    });
    void ended.then(resolve);
  });
  return {
    child,
    opened,
    ended,
    async outcome() {
      await ended;
      if (child.exitCode !== 0)
        throw new Error(`ended with ${child.exitCode ?? child.signalCode ?? "nothing"}: ${errors}`);
      return JSON.parse(output.slice("open\n".length)) as Outcome;
    },
  };
}

/** What the teachers of all processes were asked, in order. */
export async function readAsked(path: string): Promise<{ pid: number; id: string }[]> {
  const content = await readFile(path, "utf8").catch(() => "");
  return content
    .split("\n")
    .filter((line) => /^\d+ [0-9a-f]{32}$/.test(line))
    .map((line) => ({ pid: Number(line.split(" ")[0]), id: line.split(" ")[1]! }));
}
