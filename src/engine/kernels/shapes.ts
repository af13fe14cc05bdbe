import { EngineError } from "../errors.ts";
import { isFree } from "../graph/symbols.ts";
import { tf } from "../tfjs.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";
import { kernel } from "./kernel.ts";
import type { KernelTable } from "./kernel.ts";

/** Beyond any size: "to the end" for the ends of a Slice. */
export const TO_THE_END = 2 ** 53 - 1;

export function transpose(tracer: Tracer, x: Value, permutation: readonly number[]): Value {
  if (permutation.every((from, to) => from === to)) return x;
  const shape = permutation.map((axis) => x.shape[axis]!);
  if (x.kind === "uniform") return { ...x, shape };
  return tracer.emit("Transpose", [tracer.name(x)], shape, {
    type: x.type,
    attributes: { perm: permutation },
  });
}

export function concatenate(tracer: Tracer, values: readonly Value[], axis: number): Value {
  if (values.length === 1) return values[0]!;
  const shape = [...values[0]!.shape];
  shape[axis] = values.reduce((sum, value) => sum + value.shape[axis]!, 0);
  const names = values.map((value) => tracer.name(value));
  return tracer.emit("Concat", names, shape, { type: values[0]!.type, attributes: { axis } });
}

/** Elements `begin` to `begin + size` of each axis. */
export function slice(
  tracer: Tracer,
  x: Value,
  begin: readonly number[],
  size: readonly number[],
): Value {
  const axes = size.flatMap((count, axis) => (count === x.shape[axis] ? [] : [axis]));
  if (axes.length === 0) return x;
  if (x.kind === "uniform") return { ...x, shape: size };
  const ends = axes.map((axis) => {
    const end = begin[axis]! + size[axis]!;
    return end === x.shape[axis] ? TO_THE_END : end;
  });
  const inputs = [
    tracer.name(x),
    tracer.shapeVector(axes.map((axis) => begin[axis]!)),
    tracer.shapeVector(ends),
    tracer.graph.integers(axes),
  ];
  return tracer.emit("Slice", inputs, size, { type: x.type });
}

/** Parts of the given sizes along an axis. */
export function split(tracer: Tracer, x: Value, axis: number, sizes: readonly number[]): Value[] {
  const inputs = [tracer.name(x), tracer.shapeVector(sizes)];
  const names = tracer.graph.node("Split", inputs, { axis }, sizes.length);
  return names.map((name, part) =>
    tracer.value(
      name,
      x.shape.map((size, index) => (index === axis ? sizes[part]! : size)),
      x.type,
    ),
  );
}

/** `count` parts of the same size along an axis, which may be free. */
export function splitEvenly(tracer: Tracer, x: Value, axis: number, count: number): Value[] {
  if (count === 1) return [x];
  // Without sizes, as many equal parts as there are outputs; from opset 18 on an attribute would have to say so.
  const names = tracer.graph.node("Split", [tracer.name(x)], { axis }, count);
  const shape = x.shape.map((size, index) => (index === axis ? size / count : size));
  return names.map((name) => tracer.value(name, shape, x.type));
}

function insertAxis(shape: readonly number[], axis: number, size: number): number[] {
  const position = axis < 0 ? axis + shape.length + 1 : axis;
  return [...shape.slice(0, position), size, ...shape.slice(position)];
}

/** One tensor per element of an axis, which must be fixed: a program cannot loop over a size it does not know. */
function unstack(tracer: Tracer, value: Value, axis: number): Value[] {
  const position = axis < 0 ? axis + value.shape.length : axis;
  const count = value.shape[position]!;
  if (isFree(count, tracer.tags)) {
    throw new EngineError(
      "E_SHAPE",
      "Expected to unstack an axis of fixed size, got one as large as the batch or the length. Write the loop over it as an operation of its own, as biLstm does.",
    );
  }
  const parts = split(tracer, value, position, Array<number>(count).fill(1));
  const shape = value.shape.filter((_size, index) => index !== position);
  return parts.map((part) => tracer.reshape(part, shape));
}

/** Surrounds with `fill`: so many elements before and behind, by axis. */
export function pad(
  tracer: Tracer,
  x: Value,
  paddings: readonly (readonly [number, number])[],
  fill: number,
): Value {
  const amounts = [...paddings.map((pair) => pair[0]), ...paddings.map((pair) => pair[1])];
  const shape = x.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
  const constant = tracer.operand(tracer.uniform(fill, [], x.type)).name;
  const inputs = [tracer.name(x), tracer.shapeVector(amounts), constant];
  return tracer.emit("Pad", inputs, shape, { type: x.type });
}

/** Repeats: without a copy where only axes of one element are repeated. */
export function tile(tracer: Tracer, x: Value, repeats: readonly number[]): Value {
  const shape = x.shape.map((size, axis) => size * repeats[axis]!);
  if (x.kind === "uniform") return { ...x, shape };
  if (x.shape.every((size, axis) => size === 1 || repeats[axis] === 1)) {
    return tracer.relabel(x, shape);
  }
  const inputs = [tracer.name(x), tracer.shapeVector(repeats)];
  return tracer.emit("Tile", inputs, shape, { type: x.type });
}

/** From the end to the beginning along the axes. */
export function reverse(tracer: Tracer, x: Value, axes: readonly number[]): Value {
  const constants = [-1, -TO_THE_END, null, -1].map((value) =>
    tracer.graph.integers(value === null ? axes : axes.map(() => value)),
  );
  return tracer.emit("Slice", [tracer.name(x), ...constants], x.shape, { type: x.type });
}

interface StridedSliceAttributes {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

function stridedSlice(tracer: Tracer, x: Value, attributes: StridedSliceAttributes): Value {
  const { begin, end, strides, ...masks } = attributes;
  const info = tf.slice_util.sliceInfo(
    [...x.shape],
    begin,
    end,
    strides,
    masks.beginMask,
    masks.endMask,
    masks.ellipsisMask,
    masks.newAxisMask,
    masks.shrinkAxisMask,
  );
  const ends = info.end.map((last, axis) =>
    last < 0 ? -TO_THE_END : last === x.shape[axis] ? TO_THE_END : last,
  );
  const inputs = [
    tracer.name(x),
    tracer.shapeVector(info.begin),
    tracer.shapeVector(ends),
    tracer.graph.integers(x.shape.map((_size, axis) => axis)),
    tracer.graph.integers(info.strides),
  ];
  const sparse = tracer.emit("Slice", inputs, info.finalShapeSparse, { type: x.type });
  return tracer.reshape(sparse, info.finalShape);
}

export const shapeKernels: KernelTable = {
  Reshape: kernel<"x", { shape: number[] }>((tracer, { x }, { shape }) =>
    tracer.reshape(x, tf.util.inferFromImplicitShape(shape, tf.util.sizeFromShape([...x.shape]))),
  ),
  ExpandDims: kernel<"input", { dim: number }>((tracer, { input }, { dim }) =>
    tracer.reshape(input, insertAxis(input.shape, dim, 1)),
  ),
  Transpose: kernel<"x", { perm: number[] }>((tracer, { x }, { perm }) =>
    transpose(tracer, x, perm),
  ),
  Slice: kernel<"x", { begin: number | number[]; size: number | number[] }>(
    (tracer, { x }, attributes) => {
      const like = { shape: [...x.shape], rank: x.shape.length } as never;
      const [begin, size] = tf.slice_util.parseSliceParams(like, attributes.begin, attributes.size);
      return slice(tracer, x, begin!, size!);
    },
  ),
  StridedSlice: kernel<"x", StridedSliceAttributes>((tracer, { x }, attributes) =>
    stridedSlice(tracer, x, attributes),
  ),
  Concat: (tracer, inputs, attributes) => {
    const values = Object.values(inputs);
    const { axis } = attributes as { axis: number };
    return concatenate(tracer, values, tf.util.parseAxisParam(axis, [...values[0]!.shape])[0]!);
  },
  Pack: (tracer, inputs, attributes) => {
    const { axis } = attributes as { axis: number };
    const values = Object.values(inputs).map((value) =>
      tracer.reshape(value, insertAxis(value.shape, axis, 1)),
    );
    return concatenate(tracer, values, axis < 0 ? axis + values[0]!.shape.length : axis);
  },
  Unpack: kernel<"value", { axis: number }>((tracer, { value }, { axis }) =>
    unstack(tracer, value, axis),
  ),
  SplitV: kernel<"x", { numOrSizeSplits: number | number[]; axis: number }>(
    (tracer, { x }, attributes) => {
      const axis = tf.util.parseAxisParam(attributes.axis, [...x.shape])[0]!;
      const like = { shape: [...x.shape] } as never;
      const sizes = tf.backend_util.prepareSplitSize(like, attributes.numOrSizeSplits, axis);
      return split(tracer, x, axis, sizes);
    },
  ),
  PadV2: kernel<"x", { paddings: [number, number][]; constantValue: number }>(
    (tracer, { x }, { paddings, constantValue }) => pad(tracer, x, paddings, constantValue),
  ),
  Tile: kernel<"x", { reps: number[] }>((tracer, { x }, { reps }) => tile(tracer, x, reps)),
  Reverse: kernel<"x", { dims: number | number[] }>((tracer, { x }, { dims }) => {
    const axes = tf.util.parseAxisParam(dims, [...x.shape]);
    return axes.length === 0 ? x : reverse(tracer, x, axes);
  }),
};
