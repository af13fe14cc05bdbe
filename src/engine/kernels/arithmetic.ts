import type { Tracer } from "../trace/tracer.ts";
import type { Value } from "../trace/value.ts";
import { binary, number, select, unary } from "./elementwise.ts";
import { kernel } from "./kernel.ts";
import type { Kernel, KernelTable } from "./kernel.ts";

const ofTwo = (operator: string): Kernel =>
  kernel<"a" | "b">((tracer, { a, b }) => binary(tracer, operator, a, b));

const comparison = (operator: string): Kernel =>
  kernel<"a" | "b">((tracer, { a, b }) => binary(tracer, operator, a, b, "bool"));

const ofOne = (operator: string): Kernel =>
  kernel<"x">((tracer, { x }) => unary(tracer, operator, x));

/** tfjs's names of the operators that ONNX has under the same or another name. */
const BINARY: Readonly<Record<string, string>> = {
  Add: "Add",
  Sub: "Sub",
  Multiply: "Mul",
  RealDiv: "Div",
  Maximum: "Max",
  Minimum: "Min",
  Pow: "Pow",
};

const COMPARISONS: Readonly<Record<string, string>> = {
  Equal: "Equal",
  Greater: "Greater",
  GreaterEqual: "GreaterOrEqual",
  Less: "Less",
  LessEqual: "LessOrEqual",
  LogicalAnd: "And",
  LogicalOr: "Or",
};

const UNARY =
  "Exp Log Neg Sqrt Tanh Sigmoid Erf Relu Abs Sign Reciprocal Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Softplus Selu".split(
    " ",
  );

function table(names: Readonly<Record<string, string>>, make: (operator: string) => Kernel) {
  return Object.fromEntries(
    Object.entries(names).map(([name, operator]) => [name, make(operator)]),
  );
}

/** tfjs has whole numbers as int32, whatever they are made of. */
function floorDivide(tracer: Tracer, a: Value, b: Value): Value {
  const [x, y] = [tracer.cast(a, "float32"), tracer.cast(b, "float32")];
  return tracer.cast(unary(tracer, "Floor", binary(tracer, "Div", x, y)), "int32");
}

/** The remainder with the divisor's sign. ONNX's, as C's, has the dividend's. */
function remainder(tracer: Tracer, a: Value, b: Value): Value {
  const fmod = (x: Value) => binary(tracer, "Mod", x, b, x.type, { fmod: 1 });
  const negative = (x: Value) => binary(tracer, "Less", x, number(tracer, 0, x), "bool");
  const signsDiffer = binary(tracer, "Xor", negative(a), negative(b));
  const raw = fmod(a);
  return select(tracer, signsDiffer, fmod(binary(tracer, "Add", raw, b)), raw);
}

/** `exp(x) - 1` as `tanh(x / 2) · (exp(x) + 1)`, which loses nothing where x is small. */
function exponentialMinusOne(tracer: Tracer, x: Value): Value {
  const half = binary(tracer, "Mul", x, number(tracer, 0.5, x));
  const sum = binary(tracer, "Add", unary(tracer, "Exp", x), number(tracer, 1, x));
  return binary(tracer, "Mul", unary(tracer, "Tanh", half), sum);
}

/**
 * `log(1 + x)`. What rounding takes from a small x in `u = 1 + x` is given back: `log(u) + (x - (u - 1)) / u`, the first
 * two terms of the series around u.
 */
function logarithmOfOnePlus(tracer: Tracer, x: Value): Value {
  const one = number(tracer, 1, x);
  const u = binary(tracer, "Add", one, x);
  const logarithm = unary(tracer, "Log", u);
  const lost = binary(tracer, "Sub", x, binary(tracer, "Sub", u, one));
  const corrected = binary(tracer, "Add", logarithm, binary(tracer, "Div", lost, u));
  const small = binary(tracer, "Less", unary(tracer, "Abs", x), number(tracer, 0.5, x), "bool");
  return select(tracer, small, corrected, logarithm);
}

/** 1 where `x > 0`, `alpha` elsewhere; NaN stays NaN in tfjs, which a gradient's mask does not need. */
function step(tracer: Tracer, x: Value, alpha: number): Value {
  const positive = binary(tracer, "Greater", x, number(tracer, 0, x), "bool");
  if (alpha === 0) return tracer.cast(positive, x.type);
  return select(tracer, positive, number(tracer, 1, x), number(tracer, alpha, x));
}

export const arithmeticKernels: KernelTable = {
  ...table(BINARY, ofTwo),
  ...table(COMPARISONS, comparison),
  ...Object.fromEntries(UNARY.map((name) => [name, ofOne(name)])),
  AddN: (tracer, inputs) => Object.values(inputs).reduce((a, b) => binary(tracer, "Add", a, b)),
  SquaredDifference: kernel<"a" | "b">((tracer, { a, b }) => {
    const difference = binary(tracer, "Sub", a, b);
    return binary(tracer, "Mul", difference, difference);
  }),
  FloorDiv: kernel<"a" | "b">((tracer, { a, b }) => floorDivide(tracer, a, b)),
  Mod: kernel<"a" | "b">((tracer, { a, b }) => remainder(tracer, a, b)),
  NotEqual: kernel<"a" | "b">((tracer, { a, b }) =>
    unary(tracer, "Not", binary(tracer, "Equal", a, b, "bool")),
  ),
  LogicalNot: kernel<"x">((tracer, { x }) => unary(tracer, "Not", x)),
  IsNan: kernel<"x">((tracer, { x }) => unary(tracer, "IsNaN", x, { type: "bool" })),
  IsInf: kernel<"x">((tracer, { x }) => unary(tracer, "IsInf", x, { type: "bool" })),
  IsFinite: kernel<"x">((tracer, { x }) => {
    const infinite = unary(tracer, "IsInf", x, { type: "bool" });
    const missing = unary(tracer, "IsNaN", x, { type: "bool" });
    return unary(tracer, "Not", binary(tracer, "Or", infinite, missing));
  }),
  Rsqrt: kernel<"x">((tracer, { x }) => unary(tracer, "Reciprocal", unary(tracer, "Sqrt", x))),
  Square: kernel<"x">((tracer, { x }) => binary(tracer, "Mul", x, x)),
  Expm1: kernel<"x">((tracer, { x }) => exponentialMinusOne(tracer, x)),
  Log1p: kernel<"x">((tracer, { x }) => logarithmOfOnePlus(tracer, x)),
  Elu: kernel<"x">((tracer, { x }) => unary(tracer, "Elu", x)),
  // The gradient of elu from its output y: dy where y >= 0, dy · (y + 1) elsewhere.
  EluGrad: kernel<"dy" | "y">((tracer, { dy, y }) => {
    const negative = binary(tracer, "Min", y, number(tracer, 0, y));
    return binary(tracer, "Mul", dy, binary(tracer, "Add", negative, number(tracer, 1, y)));
  }),
  LeakyRelu: kernel<"x", { alpha: number }>((tracer, { x }, { alpha }) =>
    unary(tracer, "LeakyRelu", x, { attributes: { alpha: { float: alpha } } }),
  ),
  Prelu: kernel<"x" | "alpha">((tracer, { x, alpha }) => binary(tracer, "PRelu", x, alpha)),
  Relu6: kernel<"x">((tracer, { x }) =>
    binary(tracer, "Min", unary(tracer, "Relu", x), number(tracer, 6, x)),
  ),
  Step: kernel<"x", { alpha?: number }>((tracer, { x }, { alpha = 0 }) => step(tracer, x, alpha)),
  ClipByValue: kernel<"x", { clipValueMin: number; clipValueMax: number }>(
    (tracer, { x }, { clipValueMin, clipValueMax }) => {
      const raised = binary(tracer, "Max", x, number(tracer, clipValueMin, x));
      return binary(tracer, "Min", raised, number(tracer, clipValueMax, x));
    },
  ),
  Select: kernel<"condition" | "t" | "e">((tracer, { condition, t, e }) =>
    select(tracer, condition, t, e),
  ),
};
