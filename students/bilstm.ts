import { z } from "zod";
import { biLstm, linear, tf } from "../src/engine/index.ts";
import type { LstmWeights, ParameterSpec, Tensors } from "../src/engine/index.ts";
import type { Student, StudentSizes } from "../src/types.ts";

const options = z.strictObject({
  hidden: z.int().min(1).default(128).describe("units of the LSTM in each direction"),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0.2)
    .describe("share of token vectors' and pooled vectors' elements that a training step zeroes"),
  pooling: z
    .enum(["mean+max", "mean", "max"])
    .default("mean+max")
    .describe("how the tokens' states become one vector: their mean, their maximum, or both"),
});

type BilstmOptions = z.output<typeof options>;

/** Suffixes of `torch.nn.LSTM`'s parameters, by direction. */
const DIRECTIONS = ["", "_reverse"] as const;

/** Lower than any state, and far from float32's limits: what a padded place offers to the maximum. */
const BELOW_ALL_STATES = 1e4;

function parameters({ hidden, pooling }: BilstmOptions, sizes: StudentSizes): ParameterSpec[] {
  // PyTorch's defaults: U(±1/√H) for nn.LSTM, U(±1/√fan-in) for nn.Linear.
  const recurrent = { kind: "uniform" as const, limit: 1 / Math.sqrt(hidden) };
  const pooled = pooledSize({ hidden, pooling });
  const dense = { kind: "uniform" as const, limit: 1 / Math.sqrt(pooled) };
  const gates = 4 * hidden;
  return [
    ...DIRECTIONS.flatMap((direction) => [
      lstm(`weight_ih_l0${direction}`, [gates, sizes.embedding]),
      lstm(`weight_hh_l0${direction}`, [gates, hidden]),
      lstm(`bias_ih_l0${direction}`, [gates]),
      lstm(`bias_hh_l0${direction}`, [gates]),
    ]),
    { name: "classifier.weight", shape: [sizes.classes, pooled], initializer: dense },
    { name: "classifier.bias", shape: [sizes.classes], initializer: dense },
  ];

  function lstm(name: string, shape: number[]): ParameterSpec {
    return { name: `lstm.${name}`, shape, initializer: recurrent };
  }
}

function pooledSize({ hidden, pooling }: Pick<BilstmOptions, "hidden" | "pooling">): number {
  return pooling === "mean+max" ? 4 * hidden : 2 * hidden;
}

function direction(tensors: Tensors, suffix: (typeof DIRECTIONS)[number]): LstmWeights {
  return {
    input: tensors[`lstm.weight_ih_l0${suffix}`] as tf.Tensor2D,
    recurrent: tensors[`lstm.weight_hh_l0${suffix}`] as tf.Tensor2D,
    inputBias: tensors[`lstm.bias_ih_l0${suffix}`] as tf.Tensor1D,
    recurrentBias: tensors[`lstm.bias_hh_l0${suffix}`] as tf.Tensor1D,
  };
}

/** `[B, L, 2H]` to `[B, 2H]` or `[B, 4H]`; states of padding are zero already and never win the maximum. */
function pool(
  states: tf.Tensor3D,
  mask: tf.Tensor2D,
  pooling: BilstmOptions["pooling"],
): tf.Tensor2D {
  const mean = () => tf.div<tf.Tensor2D>(tf.sum(states, 1), tf.sum(mask, 1, true));
  const max = () => {
    const below = tf.mul(tf.sub(tf.expandDims(mask, 2), 1), BELOW_ALL_STATES);
    return tf.max<tf.Tensor2D>(tf.add(states, below), 1);
  };
  if (pooling === "mean") return mean();
  return pooling === "max" ? max() : tf.concat([mean(), max()], 1);
}

/**
 * Token vectors → dropout → bidirectional LSTM → pooling over the tokens → dropout → linear.
 * Parameters carry the names and the layout of `torch.nn.LSTM` and `torch.nn.Linear`.
 */
export const student: Student<BilstmOptions> = {
  options,
  summary: "bidirectional LSTM with mean and max pooling: small, fast, learns from soft targets",
  output: "classes",
  parameters,
  forward(tensors, { embedded, mask }, context, { dropout, pooling }) {
    const dropped = context.dropout(embedded, dropout);
    const states = biLstm(dropped, mask, {
      forward: direction(tensors, ""),
      backward: direction(tensors, "_reverse"),
    });
    const pooled = context.dropout(pool(states, mask, pooling), dropout);
    const weight = tensors["classifier.weight"] as tf.Tensor2D;
    const output = linear(pooled, weight, tensors["classifier.bias"] as tf.Tensor1D);
    return { output, hidden: [states] };
  },
};
