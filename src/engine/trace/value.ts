import type { DataType } from "../types.ts";

/** Types of values in a trace: those of tfjs, and int64 for tokens, which a program never sees. */
export type ValueType = DataType | "int64";

interface ValueBase {
  /** What the program believes the shape to be; free sizes are tagged (see graph/symbols.ts). */
  shape: readonly number[];
  type: ValueType;
}

/** The output of a node. `physical` is the shape that it really has, which broadcasts to `shape`. */
export interface NodeValue extends ValueBase {
  kind: "node";
  name: string;
  physical: readonly number[];
}

/** A constant whose elements are all the same, however many there are: zeros, ones, a scalar. */
export interface UniformValue extends ValueBase {
  kind: "uniform";
  uniform: number;
}

/** A constant of a fixed shape. */
export interface ConstantValue extends ValueBase {
  kind: "constant";
  values: ArrayLike<number>;
  /** Its name in the model, where it has one of its own. */
  label?: string;
}

/**
 * What a tensor of the traced program is in the graph. Broadcasting is lazy: `ones([B, L, D])` and the gradient of a
 * sum are small tensors that only claim a large shape, and are expanded where an operator insists.
 */
export type Value = NodeValue | UniformValue | ConstantValue;

export function isUniform(value: Value, number: number): boolean {
  return value.kind === "uniform" && value.uniform === number;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Axes of one element that make `to` out of `from`, or null where more is between them. */
export function insertedOnes(from: readonly number[], to: readonly number[]): number[] | null {
  const inserted: number[] = [];
  let place = 0;
  to.forEach((size, axis) => {
    if (size === from[place]) place += 1;
    else inserted.push(axis);
  });
  const complete = place === from.length && inserted.every((axis) => to[axis] === 1);
  return complete ? inserted : null;
}
