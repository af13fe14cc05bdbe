import { spawn, type ChildProcess } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openStoreAt } from "../../src/labels/open-store.ts";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { executable, packageFolder } from "../helpers/command-line.ts";

/** Writes a recipe with its texts into a folder: what the fleet labels. */
export async function writeFleetRecipe(
  folder: string,
  { intents = 12, model = join(packageFolder, "teachers/minilm-l6-v2") } = {},
): Promise<void> {
  await writeBankingCut(folder, intents);
  const recipe = `name: fleet
data:
  source: { train: train.tsv, test: test.tsv }
  labelled: { perClass: 6 }
teacher: { kind: encoder-head, model: ${model}, strength: 10 }
`;
  await writeFile(join(folder, "fleet.yaml"), recipe);
}

/** A `limbeck` process that may be killed. */
export interface Running {
  child: ChildProcess;
  output(): string;
  /** Exit code, null after a signal. */
  ended: Promise<number | null>;
  /** Resolves once its output holds this. */
  says(words: string): Promise<void>;
}

export function start(words: readonly string[], folder: string): Running {
  const child = spawn(process.execPath, [executable, ...words], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  let over = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      over = true;
      resolve(code);
    });
  });
  const says = async (sought: string): Promise<void> => {
    while (!text.includes(sought)) {
      if (over) throw new Error(`ended without saying ${sought}: ${text}`);
      await wait(5);
    }
  };
  return { child, output: () => text, ended, says };
}

export async function kill(
  { child, ended }: Running,
  signal: NodeJS.Signals = "SIGKILL",
): Promise<void> {
  child.kill(signal);
  await ended;
}

/** Folder of the one store of logits in a folder's `.limbeck/labels`, or null as long as there is none. */
export async function findStore(folder: string): Promise<string | null> {
  const labels = join(folder, ".limbeck/labels");
  for (const name of await readdir(labels).catch(() => [])) {
    const found = await stat(join(labels, name, "head.safetensors")).catch(() => null);
    if (found !== null) return join(labels, name);
  }
  return null;
}

/** How many shards workers have committed. */
export async function countShards(folder: string): Promise<number> {
  const store = await findStore(folder);
  if (store === null) return 0;
  return (await readdir(store)).filter((name) => name.startsWith("part-queue-")).length;
}

export async function untilShards(folder: string, atLeast: number): Promise<void> {
  while ((await countShards(folder)) < atLeast) await wait(5);
}

/** Every row of a store, sorted by id, with its logits' bits in hexadecimal: a text that stands there twice comes twice. */
export async function readRows(store: string): Promise<string[]> {
  const { store: opened, damaged } = await openStoreAt(store);
  if (damaged.length > 0) throw new Error(`damaged: ${damaged.map(({ name }) => name).join(", ")}`);
  const lines: string[] = [];
  for await (const { ids, rows } of opened.shards()) {
    const { width } = opened.format;
    ids.forEach((id, row) => {
      const logits = rows.slice(row * width, (row + 1) * width);
      lines.push(`${id} ${Buffer.from(logits.buffer).toString("hex")}`);
    });
  }
  return lines.sort();
}

/** Paths of files below a folder that hold a word. */
export async function filesWith(folder: string, word: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(word)) found.push(path);
  }
  return found;
}
