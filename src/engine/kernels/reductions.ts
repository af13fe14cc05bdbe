import { tf } from "../tfjs.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";
import { sizeOf } from "../shape.ts";
import { binary, unary } from "./elementwise.ts";
import { kernel } from "./kernel.ts";
import type { Kernel, KernelTable } from "./kernel.ts";

interface Reduction {
  operator: "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd";
  axes: readonly number[];
  keepDims: boolean;
}

/** Reduces over axes. What is only claimed by broadcasting is not walked through: a sum over it is a product. */
export function reduce(tracer: Tracer, x: Value, { operator, axes, keepDims }: Reduction): Value {
  const shape = reducedShape(x.shape, axes, keepDims);
  if (axes.length === 0) return x;
  const lazy = lazyAxes(tracer, x, axes);
  if (operator === "ReduceProd" || lazy.length === 0) {
    return emitReduction(tracer, tracer.name(x), { operator, axes, keepDims }, { shape, x });
  }
  const narrow = tracer.relabel(
    x,
    x.shape.map((size, axis) => (lazy.includes(axis) ? 1 : size)),
  );
  const reduced = emitReduction(
    tracer,
    tracer.name(narrow),
    { operator, axes, keepDims },
    { shape, x },
  );
  if (operator !== "ReduceSum") return reduced;
  const copies = sizeOf(lazy.map((axis) => x.shape[axis]!));
  return binary(tracer, "Mul", reduced, tracer.sizeAsNumber(copies, x.type));
}

/** Axes of more than one element by claim that have one in truth. */
function lazyAxes(tracer: Tracer, x: Value, axes: readonly number[]): number[] {
  const { physical } = tracer.operand(x);
  const missing = x.shape.length - physical.length;
  return axes.filter((axis) => (physical[axis - missing] ?? 1) === 1 && x.shape[axis] !== 1);
}

function reducedShape(
  shape: readonly number[],
  axes: readonly number[],
  keepDims: boolean,
): number[] {
  if (keepDims) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return shape.filter((_size, axis) => !axes.includes(axis));
}

function emitReduction(
  tracer: Tracer,
  name: string,
  { operator, axes, keepDims }: Reduction,
  { shape, x }: { shape: readonly number[]; x: Value },
): Value {
  const keepdims = keepDims ? 1 : 0;
  // ReduceSum has its axes as an input since operator set 13, the others since 18.
  if (operator === "ReduceSum") {
    const inputs = [name, tracer.graph.integers(axes)];
    return tracer.emit(operator, inputs, shape, { type: x.type, attributes: { keepdims } });
  }
  return tracer.emit(operator, [name], shape, { type: x.type, attributes: { axes, keepdims } });
}

interface ReductionAttributes {
  axis?: number | number[];
  /** tfjs gives some kernels their axes under this name. */
  reductionIndices?: number | number[];
  keepDims?: boolean;
}

function axesOf(x: Value, { axis, reductionIndices }: ReductionAttributes): number[] {
  const given = axis ?? reductionIndices ?? x.shape.map((_size, index) => index);
  return tf.util.parseAxisParam(given, [...x.shape]);
}

const reduction = (operator: Reduction["operator"]): Kernel =>
  kernel<"x", ReductionAttributes>((tracer, { x }, attributes) =>
    reduce(tracer, x, {
      operator,
      axes: axesOf(x, attributes),
      keepDims: attributes.keepDims ?? false,
    }),
  );

/** Whether any is true: the largest of 0 and 1, and false of nothing, of which the largest is the smallest integer. */
function any(tracer: Tracer, x: Value, attributes: ReductionAttributes): Value {
  const largest = reduce(tracer, tracer.cast(x, "int32"), {
    operator: "ReduceMax",
    axes: axesOf(x, attributes),
    keepDims: attributes.keepDims ?? false,
  });
  return binary(tracer, "Greater", largest, tracer.uniform(0, [], "int32"), "bool");
}

const argument = (operator: "ArgMax" | "ArgMin"): Kernel =>
  kernel<"x", { axis: number | number[] }>((tracer, { x }, attributes) => {
    const axis = axesOf(x, attributes)[0] ?? 0;
    const found = tracer.emit(operator, [tracer.name(x)], reducedShape(x.shape, [axis], false), {
      type: "int64",
      attributes: { axis, keepdims: 0 },
    });
    return tracer.cast(found, "int32");
  });

interface CumsumAttributes {
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

export const reductionKernels: KernelTable = {
  Sum: reduction("ReduceSum"),
  Mean: reduction("ReduceMean"),
  Max: reduction("ReduceMax"),
  Min: reduction("ReduceMin"),
  Prod: reduction("ReduceProd"),
  All: kernel<"x", ReductionAttributes>((tracer, { x }, attributes) =>
    unary(tracer, "Not", any(tracer, unary(tracer, "Not", x), attributes)),
  ),
  Any: kernel<"x", ReductionAttributes>((tracer, { x }, attributes) => any(tracer, x, attributes)),
  ArgMax: argument("ArgMax"),
  ArgMin: argument("ArgMin"),
  Cumsum: kernel<"x", CumsumAttributes>((tracer, { x }, { axis, exclusive, reverse }) =>
    tracer.emit("CumSum", [tracer.name(x), tracer.graph.constant([axis], [], "int64")], x.shape, {
      type: x.type,
      attributes: { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 },
    }),
  ),
};
