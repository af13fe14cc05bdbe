import type { Attributes } from "../graph/graph.ts";
import { tf } from "../tfjs.ts";
import type { Tracer } from "../trace/tracer.ts";
import { isUniform } from "../trace/value.ts";
import type { Value, ValueType } from "../trace/value.ts";

/** Shape of two broadcast together. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  return tf.backend_util.assertAndGetBroadcastShape([...a], [...b]);
}

const FOLDED: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

/** The value that an operator gives back untouched, if it does: `x + 0`, `x · 1` … */
function neutral(operator: string, a: Value, b: Value): Value | null {
  if (operator === "Mul" && isUniform(a, 1)) return b;
  if (operator === "Add" && isUniform(a, 0)) return b;
  if ((operator === "Mul" || operator === "Div") && isUniform(b, 1)) return a;
  if ((operator === "Add" || operator === "Sub") && isUniform(b, 0)) return a;
  return null;
}

/** An operator of two tensors that broadcasts; `type` is that of its result. */
export function binary(
  tracer: Tracer,
  operator: string,
  a: Value,
  b: Value,
  type: ValueType = a.type,
  attributes: Attributes = {},
): Value {
  const shape = broadcast(a.shape, b.shape);
  const untouched = neutral(operator, a, b);
  if (untouched) return tracer.relabel(untouched, shape);
  const fold = FOLDED[operator];
  if (fold && a.kind === "uniform" && b.kind === "uniform" && type === "float32") {
    return tracer.uniform(fold(a.uniform, b.uniform), shape, type);
  }
  const left = tracer.operand(a);
  const right = tracer.operand(b);
  const name = tracer.graph.emit(operator, [left.name, right.name], attributes);
  return tracer.value(name, shape, type, broadcast(left.physical, right.physical));
}

/** An operator of one tensor. */
export function unary(
  tracer: Tracer,
  operator: string,
  x: Value,
  options: { type?: ValueType; attributes?: Record<string, number | { float: number }> } = {},
): Value {
  const { name, physical } = tracer.operand(x);
  const output = tracer.graph.emit(operator, [name], options.attributes);
  return tracer.value(output, x.shape, options.type ?? x.type, physical);
}

/** `condition ? a : b`, element by element. */
export function select(tracer: Tracer, condition: Value, a: Value, b: Value): Value {
  const operands = [condition, a, b].map((value) => tracer.operand(value));
  const name = tracer.graph.emit(
    "Where",
    operands.map((operand) => operand.name),
  );
  const shape = [condition, a, b].map((value) => value.shape).reduce(broadcast);
  const physical = operands.map((operand) => operand.physical).reduce(broadcast);
  return tracer.value(name, shape, a.type, physical);
}

/** A number beside `like`, of its type. */
export function number(tracer: Tracer, value: number, like: Value): Value {
  return tracer.uniform(value, [], like.type);
}
