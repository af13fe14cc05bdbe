import type * as tf from "@tensorflow/tfjs";
import type { BiLstmWeights, LstmWeights } from "../../../src/engine/index.ts";

export const D = 3;
export const H = 2;

/** Shapes of one direction's weights, by names that start with that of the direction. */
export function directionShapes(direction: string): Record<string, readonly number[]> {
  return {
    [`${direction}Input`]: [4 * H, D],
    [`${direction}Recurrent`]: [4 * H, H],
    [`${direction}Bias`]: [4 * H],
    [`${direction}Bias2`]: [4 * H],
  };
}

export function lstmWeights(
  tensors: Readonly<Record<string, tf.Tensor>>,
  direction: string,
): LstmWeights {
  return {
    input: tensors[`${direction}Input`] as tf.Tensor2D,
    recurrent: tensors[`${direction}Recurrent`] as tf.Tensor2D,
    inputBias: tensors[`${direction}Bias`] as tf.Tensor1D,
    recurrentBias: tensors[`${direction}Bias2`] as tf.Tensor1D,
  };
}

export function biLstmWeights(tensors: Readonly<Record<string, tf.Tensor>>): BiLstmWeights {
  return {
    forward: lstmWeights(tensors, "forward"),
    backward: lstmWeights(tensors, "backward"),
  };
}
