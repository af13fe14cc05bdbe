import type * as tf from "@tensorflow/tfjs";
import type { DataType, Dimension } from "../../../src/engine/index.ts";

export interface KernelInput {
  shape: readonly Dimension[];
  dtype?: DataType;
  /** What becomes of a number between -2 and 2. */
  map?: (value: number, index: number) => number;
}

export type Run = (tensors: Record<string, tf.Tensor>) => tf.Tensor;

export interface KernelCase {
  inputs: Readonly<Record<string, KernelInput>>;
  run: Run;
  /** Whether the gradient is compared too. Default true. */
  gradient?: boolean;
  /** Whether a batch of no texts is compared too: not where tfjs itself fails on it. Default true. */
  empty?: boolean;
  /** Whether the gradient is that of finite differences: not where equal maxima each get all of it. Default true. */
  differences?: boolean;
}

/** Cases by tfjs's name of the kernel. */
export type KernelCases = Readonly<Record<string, readonly KernelCase[]>>;

// ---- inputs --------------------------------------------------------------------------------------------------

export const free: readonly Dimension[] = ["B", "L", 4];
export const x: KernelInput = { shape: free };
export const positive: KernelInput = { shape: free, map: (value) => Math.abs(value) + 0.1 };
export const unit: KernelInput = { shape: free, map: (value) => value / 2.1 };
export const flags: KernelInput = {
  shape: free,
  dtype: "bool",
  map: (value) => (value > 0 ? 1 : 0),
};
export const integers: KernelInput = {
  shape: free,
  dtype: "int32",
  map: (value) => Math.round(3 * value),
};

/** Indices below `below`, most of them more than once. */
export const indices = (shape: readonly Dimension[], below: number): KernelInput => ({
  shape,
  dtype: "int32",
  map: (_value, index) => (index * 5 + 1) % below,
});

// ---- cases ---------------------------------------------------------------------------------------------------

type Unary = (x: tf.Tensor) => tf.Tensor;
export type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

export function unary(run: Unary, input = x, gradient = true): KernelCase[] {
  return [{ inputs: { x: input }, run: ({ x }) => run(x!), gradient }];
}

/** Equal shapes, both ways of broadcasting, and a number. */
export function binary(run: Binary, input = x, gradient = true): KernelCase[] {
  const other = (shape: KernelInput["shape"]): KernelInput => ({ ...input, shape });
  const shapes: KernelInput["shape"][] = [free, [4], ["L", 1], ["B", 1, 4], []];
  return shapes.flatMap((shape) => [
    { inputs: { a: input, b: other(shape) }, run: ({ a, b }) => run(a!, b!), gradient },
    { inputs: { a: other(shape), b: input }, run: ({ a, b }) => run(a!, b!), gradient },
  ]);
}

/** Like `binary`; of operations of which tfjs has the gradient for equal shapes only. */
export function unevenBinary(run: Binary): KernelCase[] {
  const [equal, ...broadcast] = binary(run);
  return [equal!, ...broadcast.map((other) => ({ ...other, gradient: false }))];
}

/** The same cases without an empty batch. */
export function neverEmpty(cases: readonly KernelCase[]): KernelCase[] {
  return cases.map((one) => ({ ...one, empty: false }));
}
