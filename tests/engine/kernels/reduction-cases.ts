import * as tf from "@tensorflow/tfjs";
import { flags, integers, neverEmpty, unary, x } from "./kernel-case.ts";
import type { KernelCase, KernelCases } from "./kernel-case.ts";

/** All axes, one free, one fixed, with and without the reduced axes kept. */
function reduction(
  run: (x: tf.Tensor, axes: number[] | undefined, keep: boolean) => tf.Tensor,
  input = x,
  gradient = true,
): KernelCase[] {
  return [undefined, [0], [1], [2], [0, 1], [-1], [1, 2]].flatMap((axes) =>
    [false, true].map((keep) => ({
      inputs: { x: input },
      run: ({ x }: Record<string, tf.Tensor>) => run(x!, axes, keep),
      gradient,
    })),
  );
}

/** Of nothing there is no extreme; tfjs and ONNX Runtime differ in what they make of it. */
function extreme(run: Parameters<typeof reduction>[0]): KernelCase[] {
  return neverEmpty([...reduction(run), ...reduction(run, integers, false)]);
}

/** Over axes that only broadcasting has made: the engine multiplies where tfjs adds up copies. */
function ofBroadcast(run: (x: tf.Tensor, axes: number[]) => tf.Tensor): KernelCase[] {
  return [[2], [1], [0, 1], [0, 1, 2]].flatMap((axes) => [
    ...unary((value) => run(tf.mul(tf.onesLike(value), tf.sum(value, [0, 1])), axes)),
    ...unary((value) => run(tf.mul(tf.onesLike(value), tf.sum(value, [2], true)), axes)),
    // A product of sizes that no single number in a program would be recognised as.
    ...unary((value) =>
      tf.add(value, run(tf.fill([value.shape[1]!, value.shape[1]!, 3], 2), axes.slice(0, 2)).sum()),
    ),
  ]);
}

const alongEach = (run: (x: tf.Tensor, axis: number) => tf.Tensor) =>
  [0, 1, 2, -1].flatMap((axis) => neverEmpty(unary((value) => run(value, axis), x, false)));

/** Sums, extremes and their places. */
export const reductionCases: KernelCases = {
  Sum: [...reduction(tf.sum), ...reduction(tf.sum, integers, false), ...ofBroadcast(tf.sum)],
  Mean: [...reduction(tf.mean), ...ofBroadcast(tf.mean)],
  Max: [
    ...extreme(tf.max),
    // Copies are equal maxima.
    ...neverEmpty(ofBroadcast(tf.max)).map((one) => ({ ...one, differences: false })),
  ],
  Min: extreme(tf.min),
  Prod: reduction(tf.prod, x, false),
  // All of nothing is true, but not to the cpu backend.
  All: neverEmpty(reduction(tf.all, flags, false)),
  Any: reduction(tf.any, flags, false),
  ArgMax: [...alongEach(tf.argMax), ...unary((value) => tf.argMax(value, -1), integers, false)],
  ArgMin: [...alongEach(tf.argMin), ...unary((value) => tf.argMin(value, -1), integers, false)],
  // tfjs's gradient is wrong along all axes but the last.
  Cumsum: [false, true].flatMap((exclusive) =>
    [false, true].flatMap((reverse) =>
      [0, 1, 2].flatMap((axis) =>
        unary((value) => tf.cumsum(value, axis, exclusive, reverse), x, axis === 2),
      ),
    ),
  ),
};
