import { compile } from "../compile.ts";
import { EngineError } from "../errors.ts";
import { biLstm } from "../ops/lstm.ts";
import { gelu } from "../ops/gelu.ts";
import { layerNorm } from "../ops/layer-norm.ts";
import { linear } from "../ops/linear.ts";
import { tf } from "../tfjs.ts";
import type { Batch, Device, ParameterSpec, Program } from "../types.ts";

/** As large as students are, or a GPU would show only what it costs to reach it. */
const [ROWS, SIZE, HIDDEN, CLASSES] = [8000, 128, 128, 4];
const [BATCH, LENGTH, STEPS] = [32, 32, 6];

function matrix(name: string, rows: number, columns: number): ParameterSpec[] {
  const initializer = { kind: "uniform" as const, limit: 1 / Math.sqrt(columns) };
  return [
    { name: `${name}.weight`, shape: [rows, columns], initializer },
    { name: `${name}.bias`, shape: [rows], initializer },
  ];
}

/** Embedding, recurrence, norm, dropout, activation, classifier: what students are made of. */
function probeProgram(): Program {
  const directions = ["forward", "backward"] as const;
  return {
    parameters: [
      ...directions.flatMap((direction) => [
        ...matrix(`${direction}.input`, 4 * HIDDEN, SIZE),
        ...matrix(`${direction}.recurrent`, 4 * HIDDEN, HIDDEN),
      ]),
      { name: "norm.weight", shape: [2 * HIDDEN], initializer: { kind: "ones" } },
      { name: "norm.bias", shape: [2 * HIDDEN], initializer: { kind: "zeros" } },
      ...matrix("classifier", CLASSES, 2 * HIDDEN),
    ],
    embedding: {
      name: "embedding",
      rows: ROWS,
      size: SIZE,
      initializer: { kind: "normal", deviation: 0.5 },
    },
    inputs: {
      mask: { shape: ["B", "L"], dtype: "float32" },
      targets: { shape: ["B", CLASSES], dtype: "float32" },
    },
    forward(tensors, { embedded, mask }, context) {
      const direction = (name: (typeof directions)[number]) => ({
        input: tensors[`${name}.input.weight`] as tf.Tensor2D,
        recurrent: tensors[`${name}.recurrent.weight`] as tf.Tensor2D,
        inputBias: tensors[`${name}.input.bias`] as tf.Tensor1D,
        recurrentBias: tensors[`${name}.recurrent.bias`] as tf.Tensor1D,
      });
      const weights = { forward: direction("forward"), backward: direction("backward") };
      const states = biLstm(embedded as tf.Tensor3D, mask as tf.Tensor2D, weights);
      const normal = layerNorm(states, tensors["norm.weight"]!, tensors["norm.bias"]!, 1e-5);
      const pooled = tf.mean<tf.Tensor2D>(gelu(context.dropout(normal, 0.1)), 1);
      const weight = tensors["classifier.weight"] as tf.Tensor2D;
      return { logits: linear(pooled, weight, tensors["classifier.bias"] as tf.Tensor1D) };
    },
    loss({ logits }, { targets }) {
      const likelihood = tf.sum(tf.mul(targets!, tf.logSoftmax(logits!)), 1);
      return { loss: tf.neg(tf.mean(likelihood)) };
    },
  };
}

/** Texts of several lengths, and classes that depend on their first token. */
function probeBatch(): Batch {
  const tokens = new Int32Array(BATCH * LENGTH);
  const mask = new Float32Array(BATCH * LENGTH);
  const targets = new Float32Array(BATCH * CLASSES);
  for (let text = 0; text < BATCH; text += 1) {
    const count = LENGTH - (text % 5);
    for (let place = 0; place < count; place += 1) {
      tokens[text * LENGTH + place] = (text * 397 + place * 31) % ROWS;
      mask[text * LENGTH + place] = 1;
    }
    targets[text * CLASSES + (text % CLASSES)] = 1;
  }
  return { batch: BATCH, length: LENGTH, tokens, inputs: { mask, targets } };
}

export interface ProbeRun {
  /** Loss of each step. */
  losses: number[];
  /** The median step, without the first. */
  stepMs: number;
}

/**
 * Takes six real training steps of a small BiLSTM on a device: 32 texts of up to 32 tokens, 128 units in each
 * direction, a table of 8,000 rows.
 *
 * @throws EngineError `E_DEVICE` saying what the device lacks.
 */
export async function probe(device: Device): Promise<ProbeRun> {
  const compiled = await compile(probeProgram(), {
    seed: 1,
    device,
    optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
    maxTokens: BATCH * LENGTH,
  });
  if (compiled.device !== device) {
    throw new EngineError(
      "E_DEVICE",
      `Expected a program on ${device}, got one on ${compiled.device}. This version of the engine does not run on ${device}.`,
    );
  }
  const batch = probeBatch();
  const losses: number[] = [];
  const times: number[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const start = performance.now();
    losses.push((await compiled.step(batch, { learningRate: 0.02 })).loss);
    times.push(performance.now() - start);
  }
  await compiled.dispose();
  const sorted = times.slice(1).sort((a, b) => a - b);
  return { losses, stepMs: sorted[Math.floor(sorted.length / 2)]! };
}
