import type * as tf from "@tensorflow/tfjs";
import type { ZodType } from "zod";
import type { ParameterSpec, ProgramContext, Tensors } from "../engine/types.ts";

export interface StudentSizes {
  /** Width of the embedding table. */
  embedding: number;
  classes: number;
  /** Longest input in tokens. */
  maxLength: number;
}

/** What a file in students/ exports as `student`. One definition in TensorFlow.js operations, three uses. */
export interface Student<Options = unknown> {
  /** Options of the recipe's `student` key besides `kind` and `embedding`. */
  options: ZodType<Options>;
  summary: string;
  output: "classes";
  parameters(options: Options, sizes: StudentSizes): ParameterSpec[];
  /**
   * @param inputs - `embedded` `[B, L, D]`, `mask` `[B, L]` (1 = token, 0 = padding), float32.
   * @returns `output`: logits `[B, C]`. Padding must not change a text's logits by more than 1e-6.
   */
  forward(
    parameters: Tensors,
    inputs: { embedded: tf.Tensor3D; mask: tf.Tensor2D },
    context: ProgramContext,
    options: Options,
    sizes: StudentSizes,
  ): { output: tf.Tensor2D; hidden?: tf.Tensor3D[] };
}
