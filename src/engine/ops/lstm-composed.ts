import { tf } from "../tfjs.ts";
import type { LstmDirection } from "./lstm-weights.ts";

/** One direction of an LSTM in tfjs's own operations, for eager backends. */
export function composedLstm(
  x: tf.Tensor3D,
  mask: tf.Tensor2D,
  { weights, reverse }: LstmDirection,
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
