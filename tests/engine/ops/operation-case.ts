import * as tf from "@tensorflow/tfjs";
import { compileFunction } from "../../../src/engine/index.ts";
import type {
  CompiledFunction,
  Dimension,
  NamedArray,
  Tensors,
} from "../../../src/engine/index.ts";
import { sampleValues } from "../sample-values.ts";

export interface OperationCase {
  /** Of float32 inputs, all of which have gradients. */
  shapes: Readonly<Record<string, readonly Dimension[]>>;
  run: (tensors: Record<string, tf.Tensor>) => tf.Tensor;
}

/** The value, and the gradient of half the sum of its squares by every input. */
export function withGradients(
  { shapes, run }: OperationCase,
  tensors: Tensors,
): Record<string, tf.Tensor> {
  const names = Object.keys(shapes);
  const objective = (...learned: tf.Tensor[]) => {
    const value = run(Object.fromEntries(names.map((name, index) => [name, learned[index]!])));
    return tf.mul(tf.sum(tf.square(value)), 0.5);
  };
  const gradients = tf.grads(objective)(names.map((name) => tensors[name]!));
  const entries = names.map((name, index) => [`gradient of ${name}`, gradients[index]!] as const);
  return { value: run(tensors), ...Object.fromEntries(entries) };
}

export function arraysOf(
  shapes: OperationCase["shapes"],
  sizes: { B: number; L: number },
): Record<string, NamedArray> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], salt) => {
      const actual = shape.map((size) => (typeof size === "number" ? size : sizes[size]));
      const count = actual.reduce((product, size) => product * size, 1);
      return [name, { shape: actual, data: sampleValues(count, salt + 1) }] as const;
    }),
  );
}

export function float32Inputs(shapes: OperationCase["shapes"]) {
  const entries = Object.entries(shapes).map(
    ([name, shape]) => [name, { shape, dtype: "float32" as const }] as const,
  );
  return Object.fromEntries(entries);
}

export function compileCase(operation: OperationCase): Promise<CompiledFunction> {
  return compileFunction({
    inputs: float32Inputs(operation.shapes),
    run: (tensors) => withGradients(operation, tensors),
  });
}

/** The same by tfjs's present backend. */
export function eager(
  operation: OperationCase,
  arrays: Readonly<Record<string, NamedArray>>,
): Record<string, NamedArray> {
  return tf.tidy(() => {
    const tensors = Object.entries(arrays).map(
      ([name, { data, shape }]) => [name, tf.tensor(data, [...shape])] as const,
    );
    const results = withGradients(operation, Object.fromEntries(tensors));
    const entries = Object.entries(results).map(
      ([name, tensor]) =>
        [name, { shape: tensor.shape, data: tensor.dataSync() as Float32Array }] as const,
    );
    return Object.fromEntries(entries);
  });
}
