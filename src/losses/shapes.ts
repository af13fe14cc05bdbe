import type * as tf from "@tensorflow/tfjs";
import { LimbeckError } from "../errors.ts";

/** @throws LimbeckError `E_SHAPE` unless there is one label per row of logits. */
export function requireLabels(labels: tf.Tensor1D, logits: tf.Tensor2D): void {
  if (labels.shape[0] !== logits.shape[0] || labels.dtype !== "int32") {
    throw new LimbeckError(
      "E_SHAPE",
      `Expected int32 labels of shape [${logits.shape[0]}], one per row of logits, got ${labels.dtype} [${labels.shape.join(", ")}].`,
    );
  }
}

/** @throws LimbeckError `E_SHAPE` unless teacher and student have logits of one shape. */
export function requireSameShape(teacher: tf.Tensor2D, student: tf.Tensor2D): void {
  if (teacher.shape.some((size, axis) => size !== student.shape[axis])) {
    throw new LimbeckError(
      "E_SHAPE",
      `Expected teacher logits of shape [${student.shape.join(", ")}] to match the student's, got [${teacher.shape.join(", ")}].`,
    );
  }
}
