import type { CompiledProgram } from "../../src/engine/index.ts";
import { makeBatch, sortedBatches } from "../../src/fitting/batches.ts";
import { textLengths, type TrainingSet } from "../../src/fitting/training-set.ts";
import { fitHead, type FitHeadOptions } from "../encoder-head/head.ts";
import { HEAD } from "./program.ts";

/** Texts per forward pass. */
const BATCH = 64;
/**
 * C of the regression, for vectors of about length 1: near the class means. A closer fit answers every training text
 * for sure, and leaves the encoder nothing to learn from.
 */
const STRENGTH = 1;

/** What the head sees of each text before any fine-tuning, `[rows, H]`. */
async function pooledVectors(program: CompiledProgram, set: TrainingSet): Promise<Float32Array> {
  let vectors = new Float32Array(0);
  for (const rows of sortedBatches(textLengths(set), BATCH)) {
    const batch = makeBatch(set, rows, { teacherLogits: false, labels: false });
    const { shape, data } = (await program.forward(batch))["pooled"]!;
    const width = shape[1]!;
    if (vectors.length === 0) vectors = new Float32Array(set.rows * width);
    rows.forEach((row, place) => {
      vectors.set(data.subarray(place * width, (place + 1) * width), row * width);
    });
  }
  return vectors;
}

/** Mean length of the vectors. */
function meanNorm(vectors: Float32Array, rows: number): number {
  const width = vectors.length / rows;
  let sum = 0;
  for (let row = 0; row < rows; row += 1)
    sum += Math.hypot(...vectors.subarray(row * width, (row + 1) * width));
  return sum / rows;
}

/**
 * Starts the head from a logistic regression on the encoder's own vectors of the training texts: a head that knows
 * nothing would first pull the encoder's states out of their places (Kumar et al. 2022, section 3, LP-FT).
 */
export async function startHead(
  program: CompiledProgram,
  set: TrainingSet,
  options: Pick<FitHeadOptions, "classes" | "seed" | "signal">,
): Promise<void> {
  const vectors = await pooledVectors(program, set);
  // One scale for all, taken out of the weights again: C is meant for length 1.
  const scale = meanNorm(vectors, set.rows) || 1;
  const scaled = vectors.map((value) => value / scale);
  const head = await fitHead(
    { vectors: scaled, labels: set.labels },
    { ...options, strength: STRENGTH, wantsHeldOut: false, progress: () => undefined },
  );
  const { classes } = options;
  const features = head.weights.length / classes;
  const weight = new Float32Array(head.weights.length);
  for (let feature = 0; feature < features; feature += 1) {
    for (let label = 0; label < classes; label += 1) {
      weight[label * features + feature] = head.weights[feature * classes + label]! / scale;
    }
  }
  const { weights } = await program.saveState();
  await program.loadWeights({
    ...weights,
    [`${HEAD}.weight`]: { shape: [classes, features], data: weight },
    [`${HEAD}.bias`]: { shape: [classes], data: Float32Array.from(head.bias) },
  });
}
