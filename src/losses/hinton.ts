import { tf } from "../engine/tfjs.ts";
import { LimbeckError } from "../errors.ts";
import { crossEntropyLoss } from "./cross-entropy.ts";
import { requireSameShape } from "./shapes.ts";

export interface HintonOptions {
  /** Softens both distributions. Unitless, > 0. */
  temperature: number;
  /** Weight of the hard-label term, in `[0, 1]`; the soft-target term gets `1 - alpha`. */
  alpha: number;
}

export interface HintonInputs {
  /** `z_s`, `[B, C]`, raw scores. */
  studentLogits: tf.Tensor2D;
  /** `z_t`, `[B, C]`, raw scores from the label store. Not read, and may be absent, when alpha is 1. */
  teacherLogits?: tf.Tensor2D | undefined;
  /** Gold class indices, int32 `[B]`; -1 where a text has none. Not read, and may be absent, when alpha is 0. */
  labels?: tf.Tensor1D | undefined;
}

export interface LossWithTerms {
  loss: tf.Scalar;
  /** `soft` and `hard` before their weights; a term of weight 0 is absent. */
  terms: Record<string, tf.Scalar>;
}

/**
 * Soft-target term `T² · mean_i KL(softmax(z_t/T) ‖ softmax(z_s/T))`, in nats.
 *
 * `T²` keeps its gradient, `T · (softmax(z_s/T) - softmax(z_t/T)) / B`, comparable across temperatures.
 *
 * @throws LimbeckError `E_SHAPE` if the logits differ in shape.
 * @see Hinton, Vinyals & Dean (2015), §2. https://arxiv.org/abs/1503.02531
 */
export function softTargetLoss(
  studentLogits: tf.Tensor2D,
  teacherLogits: tf.Tensor2D,
  temperature: number,
): tf.Scalar {
  requireSameShape(teacherLogits, studentLogits);
  return tf.tidy(() => {
    const logTeacher = tf.logSoftmax(tf.mul(teacherLogits, 1 / temperature));
    const logStudent = tf.logSoftmax(tf.mul(studentLogits, 1 / temperature));
    const divergence = tf.sum(tf.mul(tf.exp(logTeacher), tf.sub(logTeacher, logStudent)), -1);
    return tf.mul(tf.mean(divergence), temperature * temperature);
  });
}

/**
 * Knowledge-distillation loss
 * `[ Σ_i (1-α)·T²·KL(softmax(z_t/T) ‖ softmax(z_s/T)) + Σ_{i with gold} α·CE_i ] / B`, in nats.
 *
 * Alpha weighs the **hard** term (papers differ). Both sums are divided by the batch size `B`.
 *
 * @throws LimbeckError `E_SHAPE` if shapes do not fit, or an input that alpha calls for is absent.
 * @see Hinton, Vinyals & Dean (2015), §2. https://arxiv.org/abs/1503.02531
 */
export function hintonLoss(
  { studentLogits, teacherLogits, labels }: HintonInputs,
  { temperature, alpha }: HintonOptions,
): LossWithTerms {
  if (!(temperature > 0) || !(alpha >= 0 && alpha <= 1)) {
    throw new RangeError(
      `Expected a temperature above 0 and alpha in [0, 1], got ${temperature} and ${alpha}.`,
    );
  }
  if (alpha === 1) {
    const hard = crossEntropyLoss({ logits: studentLogits, labels: required(labels, "labels") });
    return { loss: hard, terms: { hard } };
  }
  const teacher = required(teacherLogits, "teacher logits");
  const soft = softTargetLoss(studentLogits, teacher, temperature);
  if (alpha === 0) return { loss: soft, terms: { soft } };
  const hard = crossEntropyLoss({ logits: studentLogits, labels: required(labels, "labels") });
  const loss = tf.tidy(() => tf.add<tf.Scalar>(tf.mul(soft, 1 - alpha), tf.mul(hard, alpha)));
  return { loss, terms: { soft, hard } };
}

function required<T>(input: T | undefined, what: string): T {
  if (input !== undefined) return input;
  throw new LimbeckError("E_SHAPE", `Expected ${what}, which this alpha calls for, got none.`);
}
