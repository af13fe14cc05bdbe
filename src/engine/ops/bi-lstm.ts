import * as tf from "@tensorflow/tfjs";
import { backend, isTracing } from "../trace/backend.ts";
import { deployedBiLstm } from "./bi-lstm-deployed.ts";
import { tracedBiLstm } from "./bi-lstm-traced.ts";
import type { BiLstmWeights, LstmWeights } from "./lstm-weights.ts";

/**
 * A bidirectional LSTM over whole sequences:
 * `i, f, o = σ(z_i, z_f, z_o)`, `g = tanh(z_g)`, `c ← f·c + i·g`, `h ← o·tanh(c)`, where
 * `z = W·x + b + U·h + b'`.
 *
 * The state is zero wherever the mask is: outputs there are exactly 0, the backward direction starts at a text's last
 * token, and padding on the right changes nothing else.
 *
 * Hochreiter & Schmidhuber (1997) with forget gates, Gers et al. (2000); the formulas are those of `torch.nn.LSTM`.
 *
 * @param x - `[B, L, D]`.
 * @param mask - `[B, L]`, 1 for tokens, then 0 for padding.
 * @returns `[B, L, 2H]`: forward, then backward.
 */
export function biLstm(x: tf.Tensor3D, mask: tf.Tensor2D, weights: BiLstmWeights): tf.Tensor3D {
  if (!isTracing()) return composed(x, mask, weights);
  return backend.tracer.deployment
    ? deployedBiLstm(x, mask, weights)
    : tracedBiLstm(x, mask, weights);
}

function composed(x: tf.Tensor3D, mask: tf.Tensor2D, weights: BiLstmWeights): tf.Tensor3D {
  const directions = [
    composedDirection(x, mask, weights.forward, false),
    composedDirection(x, mask, weights.backward, true),
  ];
  return tf.concat(directions, 2) as tf.Tensor3D;
}

function composedDirection(
  x: tf.Tensor3D,
  mask: tf.Tensor2D,
  weights: LstmWeights,
  reverse: boolean,
): tf.Tensor {
  const [batch, length, inputs] = x.shape;
  const size = weights.recurrent.shape[1];
  const bias = tf.add(weights.inputBias, weights.recurrentBias);
  const outputs: tf.Tensor[] = [];
  let h: tf.Tensor2D = tf.zeros([batch, size]);
  let c: tf.Tensor = tf.zeros([batch, size]);
  for (let step = 0; step < length; step += 1) {
    const place = reverse ? length - 1 - step : step;
    // Slices, since tfjs cannot differentiate the unstacking of a single step.
    const token: tf.Tensor2D = tf.reshape(tf.slice(x, [0, place, 0], [batch, 1, inputs]), [
      batch,
      inputs,
    ]);
    const here = tf.slice(mask, [0, place], [batch, 1]);
    const fromInput = tf.add(tf.matMul(token, weights.input, false, true), bias);
    const z = tf.add(fromInput, tf.matMul(h, weights.recurrent, false, true));
    const [input, forget, cell, output] = tf.split(z, 4, 1);
    const kept = tf.mul(tf.sigmoid(forget!), c);
    const added = tf.mul(tf.sigmoid(input!), tf.tanh(cell!));
    c = tf.mul(tf.add(kept, added), here);
    h = tf.mul(tf.sigmoid(output!), tf.tanh(c));
    outputs[place] = h;
  }
  return tf.stack(outputs, 1);
}
