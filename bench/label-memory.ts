import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { stringify } from "yaml";
import { Random } from "../src/math/random.ts";
import { describeEnvironment } from "../src/platform/environment.ts";
import { packageRoot } from "../src/platform/package-root.ts";
import { drawMemoryChart } from "./labelling/memory-chart.ts";
import { sampleMemory } from "./peak-memory.ts";

/** The most that it may take, in megabytes. */
const LIMIT = 1000;
const CLASSES = 20;
const WORDS = [
  "my card was not accepted at the shop today",
  "please tell me how to open a new account from abroad",
  "why is the transfer still pending since last friday",
  "I want a refund for the fee that you charged twice",
  "what is the exchange rate for euros this week",
].flatMap((line) => line.split(" "));

/** A CSV of short texts, 5 to 14 words, all different. */
async function writeTexts(path: string, rows: number): Promise<void> {
  const random = new Random("label-memory");
  const stream = createWriteStream(path);
  stream.write("label,text\n");
  for (let row = 0; row < rows; row += 1) {
    const length = 4 + random.integer(10);
    const text = Array.from({ length }, () => WORDS[random.integer(WORDS.length)]).join(" ");
    const line = `class-${row % CLASSES},${text} ${row.toString(36)}\n`;
    if (!stream.write(line)) await once(stream, "drain");
  }
  stream.end();
  await finished(stream);
}

async function writeRecipe(folder: string): Promise<string> {
  const path = join(folder, "recipe.yaml");
  const recipe = {
    name: "label-memory",
    data: { source: "texts.csv", labelled: { perClass: 10 } },
    teacher: { kind: "encoder-head", model: "teachers/minilm-l6-v2", strength: 20 },
  };
  await writeFile(path, stringify(recipe));
  return path;
}

/** `limbeck label` in a process of its own, its memory sampled. */
async function label(folder: string, recipe: string) {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [join(packageRoot(), "bin", "limbeck.js"), "label", recipe, "--quiet"],
    { cwd: folder, stdio: ["ignore", "inherit", "inherit"] },
  );
  const stop = sampleMemory(child.pid!, 1000);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`limbeck label ended with ${code ?? "a signal"}.`);
  return { samples: stop(), seconds: (performance.now() - started) / 1000 };
}

/**
 * Memory of `limbeck label` over a million short texts, all processes and threads together, each second.
 *
 * @param parameters - number of rows (default 1,000,000), `--plot=FILE.svg`, `--json`
 */
export async function labelMemory(parameters: readonly string[]): Promise<void> {
  const rows = Number(parameters.find((parameter) => /^\d+$/.test(parameter)) ?? 1_000_000);
  const plot = parameters.find((parameter) => parameter.startsWith("--plot="))?.slice(7);
  const folder = await mkdtemp(join(tmpdir(), "limbeck-label-memory-"));
  try {
    await writeTexts(join(folder, "texts.csv"), rows);
    const { samples, seconds } = await label(folder, await writeRecipe(folder));
    const peak = Math.max(...samples.map(({ bytes }) => bytes)) / 1e6;
    const texts = rows.toLocaleString("en-US");
    const what = `${texts} short texts prepared and labelled in ${(seconds / 60).toFixed(1)} minutes (${Math.round(rows / seconds).toLocaleString("en-US")} texts/s)`;
    console.log(`${what}: peak memory ${peak.toFixed(0)} MB of ${LIMIT} MB`);
    const environment = describeEnvironment();
    if (plot !== undefined) {
      const title = `Memory of limbeck label, ${texts} short texts`;
      await writeFile(
        plot,
        drawMemoryChart({ title, caption: environment.processor, samples, limit: LIMIT }),
      );
    }
    if (parameters.includes("--json")) {
      const work = `label ${rows} short texts, peak megabytes ÷ ${LIMIT}`;
      const row = { work, ratio: peak / LIMIT, limit: 1, ours: peak, peer: LIMIT };
      console.log(JSON.stringify({ environment, rows: [row] }));
    }
    if (peak > LIMIT) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
