import * as tf from "@tensorflow/tfjs";
import type { Dimension } from "../../../src/engine/index.ts";
import { unary, x } from "./kernel-case.ts";
import type { KernelCase, KernelCases } from "./kernel-case.ts";

/** Filters of even and odd width along the length, and padding that ONNX has to get on the right side. */
const convolution: KernelCase[] = [1, 2, 3, 4].map((width) => ({
  inputs: { x, filter: { shape: [width, 4, 5] } },
  run: ({ x, filter }) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, "same"),
}));

/** Images of fixed size, with each kind of padding and with strides that leave a rest. */
const images: KernelCase[] = (
  [
    ["valid", 1],
    ["same", 1],
    ["valid", 2],
    ["same", 2],
  ] as const
).map(([padding, stride]) => ({
  inputs: { x: { shape: ["B", 6, 5, 2] as Dimension[] }, filter: { shape: [3, 2, 2, 3] } },
  run: ({ x, filter }) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding),
}));

/** Kim's (2014) convolution and maximum over time. */
const overTime: KernelCase = {
  inputs: { x, filter: { shape: [3, 4, 5] } },
  run: ({ x, filter }) =>
    tf.max(tf.relu(tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, "same")), 1),
};

/** Products of matrices, convolutions, and softmax, which ends most of them. */
export const productCases: KernelCases = {
  BatchMatMul: [
    ...[false, true].flatMap((ta) =>
      [false, true].map((tb) => ({
        inputs: { a: { shape: ta ? [5, 3] : [3, 5] }, b: { shape: tb ? [4, 5] : [5, 4] } },
        run: ({ a, b }: Record<string, tf.Tensor>) => tf.matMul(a!, b!, ta, tb),
      })),
    ),
    ...[false, true].map((tb) => ({
      inputs: { a: x, b: x },
      run: ({ a, b }: Record<string, tf.Tensor>) =>
        tf.matMul(a!, tb ? b! : tf.transpose(b!, [0, 2, 1]), false, tb),
    })),
    ...unary((value) => tf.matMul(value, value, true, false)),
    {
      inputs: { a: { shape: ["B", 5] }, b: { shape: [5, 3] } },
      run: ({ a, b }) => tf.matMul(a!, b!),
    },
  ],
  _FusedMatMul: [undefined, "relu", "sigmoid", "elu"].map((activation) => ({
    inputs: { a: { shape: ["B", 5] as const }, b: { shape: [5, 3] }, bias: { shape: [3] } },
    run: ({ a, b, bias }) =>
      tf.fused.matMul({
        a: a as tf.Tensor2D,
        b: b as tf.Tensor2D,
        bias: bias!,
        ...(activation && { activation: activation as "relu" }),
      }),
    // tfjs composes it of other kernels while a gradient is taken.
    gradient: false,
  })),
  Softmax: unary((value) => tf.softmax(value)),
  Conv2D: [...convolution, ...images, overTime],
  Conv2DBackpropInput: [...convolution, ...images],
  Conv2DBackpropFilter: [...convolution, ...images],
};
