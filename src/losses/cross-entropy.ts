import { tf } from "../engine/tfjs.ts";
import { requireLabels } from "./shapes.ts";

export interface CrossEntropyInputs {
  /** Raw scores, `[B, C]`. */
  logits: tf.Tensor2D;
  /** Gold class indices, int32 `[B]`; -1 where a text has none. */
  labels: tf.Tensor1D;
}

/**
 * Cross-entropy of the hard labels, `-Σ_{i with gold} log softmax(z_i)[y_i] / B`, in nats.
 *
 * A text without a gold label adds nothing to the sum but counts in `B`.
 *
 * @returns Scalar.
 * @throws LimbeckError `E_SHAPE` if the labels are not one per row of logits.
 */
export function crossEntropyLoss({ logits, labels }: CrossEntropyInputs): tf.Scalar {
  requireLabels(labels, logits);
  return tf.tidy(() => {
    // A label of -1 becomes a row of zeros.
    const gold = tf.oneHot(labels, logits.shape[1], 1, 0, "float32");
    return tf.neg(tf.mean(tf.sum(tf.mul(gold, tf.logSoftmax(logits)), -1)));
  });
}
