import { availableParallelism } from "node:os";
import { compile } from "../src/engine/index.ts";
import type { Batch, CompiledProgram, CompileOptions, Program } from "../src/engine/index.ts";
import { describeEnvironment } from "../src/platform/environment.ts";
import { makeBatch } from "../src/fitting/batches.ts";
import { median } from "./training/statistics.ts";
import { randomTexts } from "./training/texts.ts";
import { BILSTM, modelProgram, TRANSFORMER } from "./training/works.ts";

const TEXTS = 32;
const LENGTH = 64;
const { vocabulary: VOCABULARY, classes: CLASSES } = BILSTM;
const WARMING = 5;

/** What a way of using `cores` is held against: as many threads inside the operators. */
const threadsOf = (cores: number): string =>
  `one session, ${cores} ${cores === 1 ? "thread" : "threads"}`;

/** Ways of training one run, by the cores that they use: whole batches, and a shard for each core. */
const ways: readonly { way: string; cores: number; options: Partial<CompileOptions> }[] = [
  { way: threadsOf(1), cores: 1, options: {} },
  { way: "2 shards, 1 worker", cores: 1, options: { shards: 2 } },
  ...[2, 4, 8, 16]
    .filter((cores) => cores <= availableParallelism())
    .flatMap((cores) => [
      { way: threadsOf(cores), cores, options: { threads: cores } },
      {
        way: `${cores} shards, ${cores} workers`,
        cores,
        options: { shards: cores, workers: cores },
      },
    ]),
];

/** Shards on as many cores are to be at least 1.1 times as fast. */
const LIMIT = 1 / 1.1;

/** Full-length texts of tokens that spread over the vocabulary. */
function batchOf(seed: number): Batch {
  const set = randomTexts({
    texts: TEXTS,
    length: LENGTH,
    classes: CLASSES,
    vocabulary: VOCABULARY,
    seed,
  });
  return makeBatch(
    set,
    Int32Array.from({ length: TEXTS }, (_, row) => row),
    { teacherLogits: true, labels: false },
  );
}

/** Milliseconds per step, the ways taking turns: the median, the fastest (on a busy machine), and CPU time. */
async function measure(program: Program, rounds: number) {
  const compiled: [string, CompiledProgram, number[], number[]][] = [];
  for (const { way, options } of ways) {
    const all: CompileOptions = {
      seed: 1,
      optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
      clipNorm: 1,
      maxTokens: TEXTS * LENGTH,
      ...options,
    };
    compiled.push([way, await compile(program, all), [], []]);
  }
  for (let round = 0; round < WARMING + rounds; round += 1) {
    const batch = batchOf(round);
    for (const [, model, times, cpu] of compiled) {
      const before = process.cpuUsage();
      const started = performance.now();
      await model.step(batch, { learningRate: 1e-3 });
      if (round < WARMING) continue;
      times.push(performance.now() - started);
      const { user, system } = process.cpuUsage(before);
      cpu.push((user + system) / 1000);
    }
  }
  await Promise.all(compiled.map(([, model]) => model.dispose()));
  return compiled.map(([way, , times, cpu]) => ({
    way,
    ms: median(times),
    fastestMs: Math.min(...times),
    cpuMs: median(cpu),
  }));
}

/** One training step of each student on two cores: whole batches and batches in shards. */
export async function shards(parameters: readonly string[]): Promise<void> {
  const given = parameters.find((parameter) => parameter.startsWith("--rounds="));
  const rounds = Number(given?.slice(9) ?? 60);
  const rows: object[] = [];
  const students = {
    "BiLSTM 128": await modelProgram(BILSTM),
    "Transformer 2×128": await modelProgram(TRANSFORMER),
  };
  console.log(
    `B=${TEXTS}, L=${LENGTH}, V=${VOCABULARY}; medians of ${rounds} steps, taking turns; ÷ as many threads inside the operators`,
  );
  for (const [name, program] of Object.entries(students)) {
    const results = await measure(program, rounds);
    const timeOf = (wanted: string) => results.find(({ way }) => way === wanted)!.ms;
    results.forEach(({ way, ms, fastestMs, cpuMs }, index) => {
      const { cores, options } = ways[index]!;
      const work = `${name}, ${way}`;
      const peer = timeOf(threadsOf(cores));
      const limit = options.workers === 2 ? LIMIT : null;
      rows.push({ work, ratio: ms / peer, limit, ours: ms, peer, fastestMs, cpuMs });
      const [median, fastest, cpu] = [ms, fastestMs, cpuMs].map((x) => x.toFixed(1).padStart(6));
      const gain = (timeOf(threadsOf(1)) / ms).toFixed(2);
      console.log(
        `${work.padEnd(44)} ${median} ms, fastest ${fastest}, CPU ${cpu}; ÷ ${(ms / peer).toFixed(2)}; ${gain} times one thread`,
      );
    });
  }
  if (parameters.includes("--json"))
    console.log(JSON.stringify({ environment: describeEnvironment(), rows }));
}
