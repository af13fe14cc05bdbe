import { availableParallelism } from "node:os";
import { compile } from "../src/engine/index.ts";
import type { Batch, CompiledProgram, CompileOptions, Program } from "../src/engine/index.ts";
import * as tf from "@tensorflow/tfjs";
import { describeEnvironment } from "../src/platform/environment.ts";
import { student as bilstm } from "../students/bilstm.ts";
import { student as transformer } from "../students/transformer.ts";
import type { Student } from "../src/types.ts";

const TEXTS = 32;
const LENGTH = 64;
const VOCABULARY = 30_000;
const WIDTH = 128;
const CLASSES = 77;
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

function programOf<Options>(student: Student<Options>): Program {
  const options = student.options.parse({});
  const sizes = { embedding: WIDTH, classes: CLASSES, maxLength: LENGTH };
  return {
    parameters: student.parameters(options, sizes),
    embedding: {
      name: "embeddings.word_embeddings.weight",
      rows: VOCABULARY,
      size: WIDTH,
      initializer: { kind: "normal", deviation: 0.02 },
    },
    inputs: {
      mask: { shape: ["B", "L"], dtype: "float32" },
      targets: { shape: ["B", CLASSES], dtype: "float32" },
    },
    forward(parameters, inputs, context) {
      const { embedded, mask } = inputs as { embedded: tf.Tensor3D; mask: tf.Tensor2D };
      const tensors = { embedded, mask };
      return { logits: student.forward(parameters, tensors, context, options, sizes).output };
    },
    loss: ({ logits }, { targets }) => ({
      loss: tf.neg(tf.mean(tf.sum(tf.mul(targets!, tf.logSoftmax(logits!)), 1))),
    }),
  };
}

/** Full-length texts of tokens that spread over the vocabulary. */
function makeBatch(seed: number): Batch {
  const tokens = Int32Array.from(
    { length: TEXTS * LENGTH },
    (_, place) => (place * 7919 + seed * 104_729) % VOCABULARY,
  );
  const targets = new Float32Array(TEXTS * CLASSES);
  for (let text = 0; text < TEXTS; text += 1)
    targets[text * CLASSES + ((text + seed) % CLASSES)] = 1;
  const mask = new Float32Array(TEXTS * LENGTH).fill(1);
  return { batch: TEXTS, length: LENGTH, tokens, inputs: { mask, targets } };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

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
    for (const [, model, times, cpu] of compiled) {
      const before = process.cpuUsage();
      const started = performance.now();
      await model.step(makeBatch(round), { learningRate: 1e-3 });
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
    "BiLSTM 128": programOf(bilstm),
    "Transformer 2×128": programOf(transformer),
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
