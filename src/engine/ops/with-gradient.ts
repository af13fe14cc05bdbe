import { tf } from "../tfjs.ts";

export interface Differentiable<Output extends tf.Tensor> {
  value: Output;
  /** Tensors that the gradient needs. */
  save?: readonly tf.Tensor[];
  /** Gradients of the inputs, in their order. */
  gradient: (dy: Output, saved: tf.Tensor[]) => tf.Tensor[];
}

/** `tf.customGrad` with types: runs `forward`, whose own operations are not recorded, and records its gradient. */
export function withGradient<Output extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: () => Differentiable<Output>,
): Output {
  const recorded = tf.customGrad<Output>((...parameters) => {
    const { value, save = [], gradient } = forward();
    (parameters.at(-1) as tf.GradSaveFunc)([...save]);
    return { value, gradFunc: gradient };
  });
  return recorded(...inputs);
}
