import { tensorOf } from "../trace/backend.ts";
import type { ParameterRule } from "../optimizers/groups.ts";
import { tf } from "../tfjs.ts";
import type { AdamWOptions, OptimizerOptions, SgdOptions } from "../types.ts";

/** A parameter with its gradient and what the optimizer keeps for it. */
export interface UpdateTensors {
  parameter: tf.Tensor;
  gradient: tf.Tensor;
  state: readonly tf.Tensor[];
}

/** What changes from step to step, each a scalar. */
export interface StepScalars {
  learningRate: tf.Scalar;
  /** `1 - beta1^step` */
  firstCorrection: tf.Scalar;
  /** `√(1 - beta2^step)` */
  secondCorrection: tf.Scalar;
}

/** A number as it is: none of a program's, which might have been computed from a free size. */
export function literal(uniform: number): tf.Scalar {
  return tensorOf<tf.Rank.R0>({ kind: "uniform", uniform, shape: [], type: "float32" });
}

export interface Updated {
  parameter: tf.Tensor;
  state: tf.Tensor[];
}

/**
 * One update as TensorFlow.js operations, for a graph that holds the whole step: the formulations of
 * `optimizers/adamw.ts` and `optimizers/sgd.ts`, in float32.
 */
export function updateTensors(
  options: OptimizerOptions,
  tensors: UpdateTensors,
  scalars: StepScalars,
  rule: ParameterRule,
): Updated {
  return options.kind === "sgd"
    ? updateSgd(options, tensors, scalars, rule)
    : updateAdamW(options, tensors, scalars, rule);
}

function updateAdamW(
  { beta1, beta2, epsilon }: AdamWOptions,
  { parameter, gradient, state }: UpdateTensors,
  scalars: StepScalars,
  rule: ParameterRule,
): Updated {
  const [first, second] = state as [tf.Tensor, tf.Tensor];
  const learningRate = tf.mul(scalars.learningRate, literal(rule.rate));
  const mean = tf.add(tf.mul(first, literal(beta1)), tf.mul(gradient, literal(1 - beta1)));
  const square = tf.add(
    tf.mul(second, literal(beta2)),
    tf.mul(tf.square(gradient), literal(1 - beta2)),
  );
  const rate = tf.div(tf.mul(learningRate, scalars.secondCorrection), scalars.firstCorrection);
  const divisor = tf.add(tf.sqrt(square), tf.mul(scalars.secondCorrection, literal(epsilon)));
  const kept =
    rule.weightDecay === 0
      ? parameter
      : tf.mul(parameter, tf.sub(literal(1), tf.mul(learningRate, literal(rule.weightDecay))));
  return {
    parameter: tf.sub(kept, tf.div(tf.mul(mean, rate), divisor)),
    state: [mean, square],
  };
}

function updateSgd(
  { momentum, nesterov = false }: SgdOptions,
  { parameter, gradient, state }: UpdateTensors,
  scalars: StepScalars,
  rule: ParameterRule,
): Updated {
  const learningRate = tf.mul(scalars.learningRate, literal(rule.rate));
  const slope =
    rule.weightDecay === 0
      ? gradient
      : tf.add(gradient, tf.mul(parameter, literal(rule.weightDecay)));
  const descend = (move: tf.Tensor) => tf.sub(parameter, tf.mul(move, learningRate));
  const [buffer] = state;
  if (!buffer) return { parameter: descend(slope), state: [] };
  const velocity = tf.add(tf.mul(buffer, literal(momentum)), slope);
  const move = nesterov ? tf.add(slope, tf.mul(velocity, literal(momentum))) : velocity;
  return { parameter: descend(move), state: [velocity] };
}
