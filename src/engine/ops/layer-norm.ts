import { tf } from "../tfjs.ts";
import { backend, isTracing, tensorOf, valueOf } from "../trace/backend.ts";
import { withGradient } from "./with-gradient.ts";

/**
 * Normalises the last axis to mean 0 and variance 1, then scales and shifts:
 * `(x - mean) / √(variance + epsilon) · gain + bias`.
 *
 * Ba, Kiros & Hinton (2016), section 3. https://arxiv.org/abs/1607.06450
 *
 * @param x - `[…, D]`.
 * @param gain - `[D]`.
 * @param bias - `[D]`.
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  gain: tf.Tensor,
  bias: tf.Tensor,
  epsilon: number,
): T {
  return isTracing() ? traced(x, gain, bias, epsilon) : composed(x, gain, bias, epsilon);
}

function composed<T extends tf.Tensor>(x: T, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): T {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(normal, gain), bias);
}

function traced<T extends tf.Tensor>(x: T, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): T {
  return withGradient([x, gain, bias], () => {
    const { value, mean, inverseDeviation } = emit(x, gain, bias, epsilon);
    return {
      value: value as T,
      save: [x, gain, mean, inverseDeviation],
      gradient: (dy, saved) => layerNormGradient(dy, saved),
    };
  });
}

function emit(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon: number) {
  const { tracer } = backend;
  const inputs = [x, gain, bias].map((tensor) => tracer.name(valueOf(tensor)));
  const attributes = { axis: -1, epsilon: { float: epsilon } };
  const [value, mean, inverse] = tracer.graph.node("LayerNormalization", inputs, attributes, 3);
  const perRow = [...x.shape.slice(0, -1), 1];
  return {
    value: tensorOf(tracer.value(value!, x.shape)),
    mean: tensorOf(tracer.value(mean!, perRow)),
    inverseDeviation: tensorOf(tracer.value(inverse!, perRow)),
  };
}

function layerNormGradient(dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] {
  const [x, gain, mean, inverseDeviation] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const normal = tf.mul(tf.sub(x, mean), inverseDeviation);
  const scaled = tf.mul(dy, gain);
  const alongNormal = tf.mul(normal, tf.mean(tf.mul(scaled, normal), -1, true));
  const dx = tf.mul(
    tf.sub(tf.sub(scaled, tf.mean(scaled, -1, true)), alongNormal),
    inverseDeviation,
  );
  const rows = x.shape.slice(0, -1).map((_size, axis) => axis);
  return [dx, tf.sum(tf.mul(dy, normal), rows), tf.sum(dy, rows)];
}
