import { tf } from "../tfjs.ts";
import { backend, isTracing } from "../trace/backend.ts";
import { composedLstm } from "./lstm-composed.ts";
import { deployedLstm } from "./lstm-deployed.ts";
import { tracedLstm } from "./lstm-traced.ts";
import type { BiLstmWeights, LstmDirection, LstmWeights } from "./lstm-weights.ts";

/**
 * An LSTM over whole sequences, from their first token to their last:
 * `i, f, o = σ(z_i, z_f, z_o)`, `g = tanh(z_g)`, `c ← f·c + i·g`, `h ← o·tanh(c)`, where
 * `z = W·x + b + U·h + b'`.
 *
 * The state is zero wherever the mask is: outputs there are exactly 0, and padding on the right changes nothing else.
 *
 * Hochreiter & Schmidhuber (1997) with forget gates, Gers et al. (2000); the formulas are those of `torch.nn.LSTM`.
 *
 * @param x - `[B, L, D]`.
 * @param mask - `[B, L]`, 1 for tokens, then 0 for padding.
 * @returns `[B, L, H]`.
 */
export function lstm(x: tf.Tensor3D, mask: tf.Tensor2D, weights: LstmWeights): tf.Tensor3D {
  return inDirections(x, mask, [{ weights, reverse: false }]);
}

/**
 * `lstm` in both directions; the backward one starts at a text's last token.
 *
 * Schuster & Paliwal (1997).
 *
 * @param x - `[B, L, D]`.
 * @param mask - `[B, L]`, 1 for tokens, then 0 for padding.
 * @returns `[B, L, 2H]`: forward, then backward.
 */
export function biLstm(x: tf.Tensor3D, mask: tf.Tensor2D, weights: BiLstmWeights): tf.Tensor3D {
  return inDirections(x, mask, [
    { weights: weights.forward, reverse: false },
    { weights: weights.backward, reverse: true },
  ]);
}

/**
 * The state at each text's last token: what `lstm` made of the whole text.
 *
 * @param states - `[B, L, H]`.
 * @param mask - `[B, L]`, 1 for tokens, then 0 for padding.
 * @returns `[B, H]`; zeros for a text without tokens.
 */
export function lastState(states: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor2D {
  const places = tf.range(0, mask.shape[1]);
  const last = tf.sub(tf.sum(mask, 1, true), 1);
  // The mask's sum is a whole number of ones, so nothing hangs on a rounding.
  const chosen = tf.cast(tf.equal(places, last), "float32");
  return tf.sum(tf.mul(states, tf.expandDims(chosen, 2)), 1);
}

function inDirections(
  x: tf.Tensor3D,
  mask: tf.Tensor2D,
  directions: readonly LstmDirection[],
): tf.Tensor3D {
  if (!isTracing()) {
    const states = directions.map((direction) => composedLstm(x, mask, direction));
    return tf.concat(states, 2) as tf.Tensor3D;
  }
  return backend.tracer.deployment
    ? deployedLstm(x, mask, directions)
    : tracedLstm(x, mask, directions);
}
