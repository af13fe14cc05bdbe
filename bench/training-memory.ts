import { describeEnvironment } from "../src/platform/environment.ts";
import { compile } from "../src/engine/index.ts";
import { makeBatch } from "../src/fitting/batches.ts";
import { textLengths } from "../src/fitting/training-set.ts";
import { median } from "./training/statistics.ts";
import { randomTexts } from "./training/texts.ts";
import { BILSTM, modelProgram } from "./training/works.ts";

const STEPS = 10_000;
const SAMPLES = 100;
/** Of the samples: the heap and the runtime's arenas find their size in the first, the ends are compared. */
const WARM_UP = 0.1;
const END = 0.1;
/** What is called flat: a leak of one batch per step would be a growth of several times. */
const LIMIT = 1.05;
const SIZES = { batch: 8, longest: 24 };

/** Resident memory over 10,000 updates of a small student with batches of changing lengths: the last against the first. */
export async function trainingMemory(parameters: readonly string[]): Promise<void> {
  const steps = Number(parameters.find((parameter) => /^\d+$/.test(parameter)) ?? STEPS);
  const samples = await residentMemory(steps);
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const end = Math.max(1, Math.floor(warm.length * END));
  const first = median(warm.slice(0, end));
  const last = median(warm.slice(-end));
  console.log(
    `${steps} steps: ${first.toFixed(0)} MB after the warm-up, ${last.toFixed(0)} MB at the end, growth ${(last - first).toFixed(1)} MB; highest ${Math.max(...samples).toFixed(0)} MB`,
  );
  if (parameters.includes("--json")) {
    const work = `resident megabytes after ${steps} updates ÷ after a tenth of them`;
    const row = { work, ratio: last / first, limit: LIMIT, ours: last, peer: first };
    console.log(JSON.stringify({ environment: describeEnvironment(), rows: [row] }));
  }
  if (last / first > LIMIT) process.exitCode = 1;
}

/** In megabytes, at even distances. */
async function residentMemory(steps: number): Promise<number[]> {
  const model = {
    ...BILSTM,
    options: { hidden: 32, dropout: 0.1, pooling: "mean+max" },
    vocabulary: 1000,
    embedding: 32,
  };
  const program = await compile(await modelProgram(model), {
    seed: 0,
    optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
    clipNorm: 1,
    maxTokens: SIZES.batch * SIZES.longest,
  });
  const sets = Array.from({ length: SIZES.longest }, (_, index) =>
    randomTexts({ ...model, texts: SIZES.batch, length: index + 1 }),
  );
  const samples: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    // 7 is prime to the number of lengths: all come, in a mixed order.
    const set = sets[(step * 7) % sets.length]!;
    const rows = Int32Array.from(textLengths(set).keys());
    const batch = makeBatch(set, rows, { teacherLogits: true, labels: false });
    await program.step(batch, { learningRate: 1e-3 });
    if (step % (steps / SAMPLES) < 1) samples.push(process.memoryUsage.rss() / 1e6);
  }
  await program.dispose();
  return samples;
}
