import * as tf from "@tensorflow/tfjs";
import { integers, neverEmpty, unary, x } from "./kernel-case.ts";
import type { KernelCase, KernelCases, Run } from "./kernel-case.ts";

const ofPair = (run: Run, input = x): KernelCase[] => [
  { inputs: { a: input, b: input }, run, gradient: input === x },
];

/** Operations that move elements and change none. */
export const shapeCases: KernelCases = {
  Reshape: [
    ...unary((value) => tf.reshape(value, [-1, 4])),
    ...neverEmpty(unary((value) => tf.reshape(value, [value.shape[0], -1]))),
    ...unary((value) => tf.reshape(value, [value.shape[0], value.shape[1]!, 2, 2])),
    ...unary((value) => {
      const rows = tf.reshape(value, [-1, 4]);
      return tf.reshape(rows, [value.shape[1]!, value.shape[0], 4]);
    }),
    ...unary((value) => tf.reshape(tf.sum(value), [1, 1])),
  ],
  ExpandDims: [0, 1, 3, -1].flatMap((axis) => unary((value) => tf.expandDims(value, axis))),
  Transpose: [
    ...unary((value) => tf.transpose(value, [1, 0, 2])),
    ...unary((value) => tf.transpose(value)),
  ],
  // The cpu backend fails on slices of nothing.
  Slice: neverEmpty([
    ...unary((value) => tf.slice(value, [0, 0, 1], [-1, -1, 2])),
    ...unary((value) => tf.slice(value, [0, 0, 3])),
    ...unary((value) => tf.slice(tf.concat([value, value], 1), [0, value.shape[1]!, 0])),
  ]),
  StridedSlice: [
    ...unary((value) => tf.stridedSlice(value, [0, 0, 0], [0, 0, 4], [1, 1, 2], 3, 3), x, false),
    ...unary((value) => tf.stridedSlice(value, [0, 0, 3], [0, 0, 0], [1, 1, -1], 3, 3), x, false),
  ],
  Concat: [0, 1, 2, -1].flatMap((axis) =>
    [x, integers].flatMap((input) => ofPair(({ a, b }) => tf.concat([a!, b!], axis), input)),
  ),
  Pack: [0, 1, 3, -1].flatMap((axis) => ofPair(({ a, b }) => tf.stack([a!, b!], axis))),
  Unpack: [
    ...unary((value) => tf.mul(tf.unstack(value, 2)[1]!, tf.unstack(value, 2)[3]!)),
    ...unary((value) => tf.unstack(tf.sum(value, 2, true), -1)[0]!, x, false),
  ],
  SplitV: [
    ...unary((value) => tf.split(value, [1, 3], 2)[1]!),
    ...unary((value) => tf.mul(...(tf.split(value, 2, 2) as [tf.Tensor, tf.Tensor]))),
  ],
  PadV2: [
    ...unary((value) =>
      tf.pad(
        value,
        [
          [0, 0],
          [0, 0],
          [1, 2],
        ],
        0.5,
      ),
    ),
  ],
  Tile: [
    ...unary((value) => tf.tile(value, [1, 2, 3])),
    ...unary((value) => tf.tile(tf.sum(value, 1, true), [1, 5, 1])),
    ...unary((value) => tf.broadcastTo(tf.sum(value, 1, true), value.shape)),
  ],
  Reverse: [0, 1, 2].flatMap((axis) => unary((value) => tf.reverse(value, axis))),
};
