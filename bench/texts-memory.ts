import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { Random } from "../src/math/random.ts";
import { describeEnvironment } from "../src/platform/environment.ts";
import { recipeSchema, type Recipe } from "../src/recipe/schema.ts";
import { prepare } from "../src/stages/prepare.ts";
import type { StageContext } from "../src/stages/stage.ts";

/** The most that a million rows may take, in megabytes. */
const LIMIT = 1000;
const CLASSES = 50;

/** Writes a CSV of texts of 5 to 24 words, all different, some quoted. */
async function writeTexts(path: string, rows: number): Promise<void> {
  const random = new Random("texts-memory");
  const words = Array.from({ length: 5000 }, (_, at) => `word${at.toString(36)}`);
  const stream = createWriteStream(path);
  stream.write("label,text\n");
  for (let row = 0; row < rows; row += 1) {
    const length = 5 + random.integer(20);
    const text = Array.from({ length }, () => words[random.integer(words.length)]).join(" ");
    const line = `class-${random.integer(CLASSES)},"${text}, ${row}"\n`;
    if (!stream.write(line)) await once(stream, "drain");
  }
  stream.end();
  await finished(stream);
}

function context(folder: string, source: string): StageContext {
  const data = { source, labelled: { perClass: 10 } };
  return {
    recipe: recipeSchema.parse({ data, teacher: { kind: "encoder-head" } }) as unknown as Recipe,
    recipeFolder: folder,
    run: join(folder, "run"),
    labelsFolder: join(folder, "labels"),
    download: false,
    signal: new AbortController().signal,
    report: () => undefined,
  };
}

/**
 * Peak memory of reading and splitting a million texts, in megabytes: the whole process, Node and this script included.
 *
 * @param parameters - number of rows (default 1,000,000), `--json`
 */
export async function textsMemory(parameters: readonly string[]): Promise<void> {
  const rows = Number(parameters.find((parameter) => /^\d+$/.test(parameter)) ?? 1_000_000);
  const folder = await mkdtemp(join(tmpdir(), "limbeck-texts-memory-"));
  try {
    const path = join(folder, "texts.csv");
    await writeTexts(path, rows);
    await mkdir(join(folder, "run"));
    const started = performance.now();
    const { summary } = await prepare.run(context(folder, path));
    const seconds = (performance.now() - started) / 1000;
    const peak = process.resourceUsage().maxRSS / 1000; // Linux and macOS give kilobytes
    const megabytes = (await stat(path)).size / 1e6;
    console.log(summary);
    console.log(
      `${rows} rows, ${megabytes.toFixed(0)} MB of CSV: ${seconds.toFixed(1)} s, peak memory ${peak.toFixed(0)} MB of ${LIMIT} MB`,
    );
    const work = `prepare ${rows} rows of CSV, peak megabytes ÷ ${LIMIT}`;
    if (parameters.includes("--json")) {
      const row = { work, ratio: peak / LIMIT, limit: 1, ours: peak, peer: LIMIT };
      console.log(JSON.stringify({ environment: describeEnvironment(), rows: [row] }));
    }
    if (peak > LIMIT) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
