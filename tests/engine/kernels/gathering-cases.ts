import * as tf from "@tensorflow/tfjs";
import { flags, indices, integers, positive, unary, x } from "./kernel-case.ts";
import type { KernelCases } from "./kernel-case.ts";

/** Tensors out of nothing, copies, casts, and rows by their index. */
export const gatheringCases: KernelCases = {
  Identity: unary((value) => tf.clone(value)),
  Cast: [
    ...unary((value) => tf.cast(value, "int32"), x, false),
    ...unary((value) => tf.cast(value, "bool"), integers, false),
    ...unary((value) => tf.cast(value, "float32"), flags, false),
  ],
  ZerosLike: unary((value) => tf.add(value, tf.zerosLike(value))),
  OnesLike: unary((value) => tf.div(tf.onesLike(value), value), positive),
  Fill: unary((value) => tf.mul(value, tf.fill(value.shape, 2.5))),
  Range: [
    ...unary((value) => tf.add(tf.expandDims(tf.range(0, value.shape[1]!), 1), value)),
    ...unary((value) => tf.mul(tf.range(1, 9, 2), value)),
  ],
  GatherV2: [
    {
      // Rows that repeat: their gradients add up.
      inputs: { table: { shape: [6, 4] }, ids: indices(["B", "L"], 4) },
      run: ({ table, ids }) => tf.gather(table!, ids as tf.Tensor2D),
    },
    {
      inputs: { x, ids: indices([3], 4) },
      run: ({ x, ids }) => tf.gather(x!, ids as tf.Tensor1D, 2),
    },
  ],
  OneHot: [
    {
      inputs: { ids: indices(["B"], 5) },
      run: ({ ids }) => tf.oneHot(ids as tf.Tensor1D, 5),
      gradient: false,
    },
    {
      inputs: { ids: indices(["B"], 5) },
      run: ({ ids }) => tf.oneHot(ids as tf.Tensor1D, 5, 2, -1),
      gradient: false,
    },
  ],
  UnsortedSegmentSum: [
    {
      inputs: { x: { shape: ["B", 4] }, ids: indices(["B"], 2) },
      run: ({ x, ids }) => tf.unsortedSegmentSum(x!, ids as tf.Tensor1D, 3),
      gradient: false,
    },
  ],
};
