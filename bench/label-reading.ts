import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compact } from "../src/labels/compact.ts";
import { openLabelStore, SHARD_TEXTS, type LabelStore } from "../src/labels/label-store.ts";
import { digestOf } from "../src/platform/digest.ts";
import { describeEnvironment } from "../src/platform/environment.ts";
import { CLASSES, idOf, logitOf } from "./label-reading-texts.ts";

/** What reading a million texts' logits may take, in seconds and in megabytes of the whole process. */
const MOST_SECONDS = 3;
const MOST_MEGABYTES = 1000;

/** Text n lies where a shuffle of a prime's multiples puts it, so that no order of reading is that of writing. */
async function fill(folder: string, texts: number): Promise<LabelStore> {
  const description = {
    kind: "bench",
    labels: Array.from({ length: CLASSES }, (_, at) => `c${at}`),
  };
  const store = await openLabelStore({
    folder,
    description,
    digest: digestOf(description),
    width: CLASSES,
  });
  for (let first = 0; first < texts; first += SHARD_TEXTS) {
    const count = Math.min(SHARD_TEXTS, texts - first);
    const numbers = Array.from({ length: count }, (_, at) => ((first + at) * 7_368_787) % texts);
    const rows = new Float32Array(count * CLASSES);
    numbers.forEach((text, row) => {
      for (let label = 0; label < CLASSES; label += 1)
        rows[row * CLASSES + label] = logitOf(text, label);
    });
    await store.append(numbers.map(idOf), rows);
  }
  return store;
}

interface Reading {
  seconds: number;
  megabytes: number;
}

/** Reads in a process of its own, whose memory is the reading's. */
async function readInProcess(root: string, texts: number): Promise<Reading> {
  const script = new URL("label-reading-process.ts", import.meta.url).pathname;
  const words = ["--import", "tsx", script, root, String(texts)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`the reading process ended with ${code ?? "a signal"}`);
  return JSON.parse(output) as Reading;
}

/**
 * Time and peak memory of reading the logits of a million texts of 77 classes in another order than they were written:
 * from a store as labelling leaves it, shards of 512 texts, and from the same store compacted.
 *
 * @param parameters - number of texts (default 1,000,000), `--json`
 */
export async function labelReading(parameters: readonly string[]): Promise<void> {
  const texts = Number(parameters.find((parameter) => /^\d+$/.test(parameter)) ?? 1_000_000);
  const folder = await mkdtemp(join(tmpdir(), "limbeck-label-reading-"));
  const rows: { work: string; ratio: number; limit: number; ours: number; peer: number }[] = [];
  const measure = async (store: LabelStore, state: string) => {
    const { seconds, megabytes } = await readInProcess(store.root, texts);
    console.log(
      `${texts} texts of ${CLASSES} classes, ${state}: ${seconds.toFixed(2)} s of ${MOST_SECONDS} s, ` +
        `peak memory ${megabytes.toFixed(0)} MB of ${MOST_MEGABYTES} MB`,
    );
    const work = `read the logits of ${texts} texts, ${state}`;
    const row = (what: string, ours: number, peer: number) =>
      rows.push({ work: `${work}: ${what}`, ratio: ours / peer, limit: 1, ours, peer });
    row(`seconds ÷ ${MOST_SECONDS}`, seconds, MOST_SECONDS);
    row(`peak megabytes ÷ ${MOST_MEGABYTES}`, megabytes, MOST_MEGABYTES);
  };
  try {
    const store = await fill(folder, texts);
    await measure(store, `shards of ${SHARD_TEXTS}`);
    const started = performance.now();
    const { merged, written } = await compact({ root: store.root, format: store.format });
    const seconds = (performance.now() - started) / 1000;
    console.log(`compacted ${merged} shards into ${written}: ${seconds.toFixed(1)} s`);
    await measure(store, "compacted");
    if (parameters.includes("--json"))
      console.log(JSON.stringify({ environment: describeEnvironment(), rows }));
    if (rows.some(({ ratio, limit }) => ratio > limit)) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
