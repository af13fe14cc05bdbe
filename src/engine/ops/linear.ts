import { gemm } from "../kernels/products.ts";
import { tf } from "../tfjs.ts";
import { backend, isTracing, tensorOf, valueOf } from "../trace/backend.ts";
import { withGradient } from "./with-gradient.ts";
import { sizeOf } from "../shape.ts";

/**
 * `x · weightᵀ + bias` over the last axis, in PyTorch's layout (`torch.nn.Linear`): one Gemm, however many axes.
 *
 * @param x - `[…, D]`.
 * @param weight - `[E, D]`.
 * @param bias - `[E]`.
 * @returns `[…, E]`.
 */
export function linear<T extends tf.Tensor>(x: T, weight: tf.Tensor2D, bias: tf.Tensor1D): T {
  const [outputs, inputs] = weight.shape;
  const rows = tf.reshape<tf.Rank.R2>(x, [sizeOfRows(x), inputs]);
  const product = isTracing()
    ? traced(rows, weight, bias)
    : tf.add(tf.matMul(rows, weight, false, true), bias);
  return tf.reshape(product, [...x.shape.slice(0, -1), outputs]) as T;
}

/** How many rows `x` has. Not -1: free sizes are products, and stay so. */
function sizeOfRows(x: tf.Tensor): number {
  return sizeOf(x.shape.slice(0, -1));
}

function traced(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  return withGradient([x, weight, bias], () => {
    const value = gemm(backend.tracer, valueOf(x), valueOf(weight), {
      transposeA: false,
      transposeB: true,
      bias: valueOf(bias),
    });
    return {
      value: tensorOf<tf.Rank.R2>(value),
      save: [x, weight],
      gradient: (dy, saved) => {
        const [rows, matrix] = saved as [tf.Tensor2D, tf.Tensor2D];
        return [tf.matMul(dy, matrix), tf.matMul(dy, rows, true, false), tf.sum(dy, 0)];
      },
    };
  });
}
