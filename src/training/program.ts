import type * as tf from "@tensorflow/tfjs";
import type { Initializer, Program, TensorSpec } from "../engine/types.ts";
import { crossEntropyLoss } from "../losses/cross-entropy.ts";
import { hintonLoss } from "../losses/hinton.ts";
import type { Student, StudentSizes } from "../types.ts";

/** What a student learns from: the teacher's logits (with or without gold labels), or gold labels alone. */
export type LossChoice =
  { kind: "hinton"; temperature: number; alpha: number } | { kind: "cross-entropy" };

/** Name of the embedding table in weights files and exported models. */
export const EMBEDDINGS = "embeddings.word_embeddings.weight";

/** Which targets a loss reads: with alpha 1 no teacher, with alpha 0 no gold label. */
export function targetsOf(loss: LossChoice): { teacherLogits: boolean; labels: boolean } {
  if (loss.kind === "cross-entropy") return { teacherLogits: false, labels: true };
  return { teacherLogits: loss.alpha < 1, labels: loss.alpha > 0 };
}

export interface ProgramOptions {
  student: Student;
  /** The kind's own options, parsed. */
  options: unknown;
  sizes: StudentSizes;
  /** Pieces of the vocabulary, V. */
  pieces: number;
  embeddings: Initializer;
  loss: LossChoice;
}

/**
 * A student and its loss as a program of the engine. Inputs: `mask` `[B, L]`, and what the loss reads of
 * `teacherLogits` `[B, C]` and `labels` int32 `[B]` (-1: no gold label). Output: `logits` `[B, C]`.
 */
export function studentProgram({
  student,
  options,
  sizes,
  pieces,
  embeddings,
  loss,
}: ProgramOptions): Program {
  const targets = targetsOf(loss);
  const inputs: Record<string, TensorSpec> = { mask: { shape: ["B", "L"], dtype: "float32" } };
  if (targets.teacherLogits)
    inputs["teacherLogits"] = { shape: ["B", sizes.classes], dtype: "float32" };
  if (targets.labels) inputs["labels"] = { shape: ["B"], dtype: "int32" };
  return {
    parameters: student.parameters(options, sizes),
    embedding: { name: EMBEDDINGS, rows: pieces, size: sizes.embedding, initializer: embeddings },
    inputs,
    forward(parameters, { embedded, mask }, context) {
      const given = { embedded: embedded as tf.Tensor3D, mask: mask as tf.Tensor2D };
      return { logits: student.forward(parameters, given, context, options, sizes).output };
    },
    loss(outputs, given) {
      const logits = outputs["logits"] as tf.Tensor2D;
      const labels = given["labels"] as tf.Tensor1D;
      if (loss.kind === "cross-entropy") return { loss: crossEntropyLoss({ logits, labels }) };
      const teacherLogits = given["teacherLogits"] as tf.Tensor2D | undefined;
      return hintonLoss({ studentLogits: logits, teacherLogits, labels }, loss);
    },
  };
}
