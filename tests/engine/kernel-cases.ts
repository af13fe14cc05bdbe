import * as tf from "@tensorflow/tfjs";
import type { DataType, Dimension } from "../../src/engine/index.ts";

export interface KernelInput {
  shape: readonly Dimension[];
  dtype?: DataType;
  /** What becomes of a number between -2 and 2. */
  map?: (value: number, index: number) => number;
}

export interface KernelCase {
  inputs: Readonly<Record<string, KernelInput>>;
  run: (tensors: Record<string, tf.Tensor>) => tf.Tensor;
  /** Whether the gradient is compared too. Default true. */
  gradient?: boolean;
}

const free: readonly Dimension[] = ["B", "L", 4];
const x: KernelInput = { shape: free };
const positive: KernelInput = { shape: free, map: (value) => Math.abs(value) + 0.1 };
const unit: KernelInput = { shape: free, map: (value) => value / 2.1 };
const flags: KernelInput = { shape: free, dtype: "bool", map: (value) => (value > 0 ? 1 : 0) };
const integers: KernelInput = {
  shape: free,
  dtype: "int32",
  map: (value) => Math.round(3 * value),
};
const indices = (shape: readonly Dimension[], below: number): KernelInput => ({
  shape,
  dtype: "int32",
  map: (_value, index) => (index * 5 + 1) % below,
});

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

function unary(run: Unary, input = x, gradient = true): KernelCase[] {
  return [{ inputs: { x: input }, run: ({ x }) => run(x!), gradient }];
}

/** Equal shapes, both ways of broadcasting, and a number. */
function binary(run: Binary, input = x, gradient = true): KernelCase[] {
  const other = (shape: readonly Dimension[]): KernelInput => ({ ...input, shape });
  const shapes: readonly (readonly Dimension[])[] = [free, [4], ["L", 1], ["B", 1, 4]];
  return shapes.flatMap((shape) => [
    { inputs: { a: input, b: other(shape) }, run: ({ a, b }) => run(a!, b!), gradient },
    { inputs: { a: other(shape), b: input }, run: ({ a, b }) => run(a!, b!), gradient },
  ]);
}

/** All axes, one free, one fixed, with and without the reduced axes kept. */
function reduction(
  run: (x: tf.Tensor, axes: number[] | undefined, keep: boolean) => tf.Tensor,
  input = x,
  gradient = true,
): KernelCase[] {
  return [undefined, [0], [1], [2], [0, 1], [-1]].flatMap((axes) =>
    [false, true].map((keep) => ({
      inputs: { x: input },
      run: ({ x }: Record<string, tf.Tensor>) => run(x!, axes, keep),
      gradient,
    })),
  );
}

/** For operations of which tfjs has the gradient for equal shapes only. */
function unevenBinary(run: Binary): KernelCase[] {
  const [equal, ...broadcast] = binary(run);
  return [equal!, ...broadcast.map((other) => ({ ...other, gradient: false }))];
}

/** Over axes that only broadcasting has made: the engine multiplies where tfjs adds up copies. */
function ofBroadcast(run: (x: tf.Tensor, axes: number[]) => tf.Tensor): KernelCase[] {
  return [[2], [1], [0, 1], [0, 1, 2]].flatMap((axes) => [
    ...unary((value) => run(tf.mul(tf.onesLike(value), tf.sum(value, [0, 1])), axes)),
    ...unary((value) => run(tf.mul(tf.onesLike(value), tf.sum(value, [2], true)), axes)),
    // A product of sizes that no single number in a program would be recognised as.
    ...unary((value) =>
      tf.add(value, run(tf.fill([value.shape[1]!, value.shape[1]!, 3], 2), axes.slice(0, 2)).sum()),
    ),
  ]);
}

const comparison = (run: Binary): KernelCase[] => binary(run, integers, false);
const logical = (run: Binary): KernelCase[] => binary(run, flags, false);

/** Cases by kernel; a kernel without one fails a test. */
export const kernelCases: Readonly<Record<string, KernelCase[]>> = {
  Add: binary(tf.add),
  Sub: binary(tf.sub),
  Multiply: binary(tf.mul),
  RealDiv: binary(tf.div, positive),
  Maximum: unevenBinary(tf.maximum),
  Minimum: unevenBinary(tf.minimum),
  Pow: binary(tf.pow, positive),
  Prelu: [
    {
      inputs: { x, alpha: { shape: [4] } },
      run: ({ x, alpha }) => tf.prelu(x!, alpha!),
      gradient: false,
    },
  ],
  Equal: comparison(tf.equal),
  NotEqual: comparison(tf.notEqual),
  Greater: comparison(tf.greater),
  GreaterEqual: comparison(tf.greaterEqual),
  Less: comparison(tf.less),
  LessEqual: comparison(tf.lessEqual),
  LogicalAnd: logical(tf.logicalAnd),
  LogicalOr: logical(tf.logicalOr),
  LogicalNot: unary(tf.logicalNot, flags, false),
  IsNan: unary((value) => tf.isNaN(tf.log(value)), x, false),
  Exp: unary(tf.exp),
  Expm1: unary(tf.expm1),
  Log: unary(tf.log, positive),
  Log1p: unary(tf.log1p, positive),
  Neg: unary(tf.neg),
  Sqrt: unary(tf.sqrt, positive),
  Rsqrt: unary(tf.rsqrt, positive),
  Square: unary(tf.square),
  Tanh: unary(tf.tanh),
  Sigmoid: unary(tf.sigmoid),
  Erf: unary(tf.erf),
  Relu: unary(tf.relu),
  Relu6: unary((value) => tf.relu6(tf.mul(value, 5))),
  LeakyRelu: unary((value) => tf.leakyRelu(value, 0.3), x, false),
  Elu: unary(tf.elu),
  EluGrad: unary(tf.elu),
  Selu: unary(tf.selu, x, false),
  Softplus: unary(tf.softplus),
  Abs: unary(tf.abs),
  Sign: unary(tf.sign, x, false),
  Reciprocal: unary(tf.reciprocal, positive),
  Floor: unary(tf.floor, x, false),
  Ceil: unary(tf.ceil, x, false),
  Round: unary((value) => tf.round(tf.mul(value, 3)), x, false),
  Sin: unary(tf.sin),
  Cos: unary(tf.cos),
  Tan: unary(tf.tan, unit),
  Asin: unary(tf.asin, unit),
  Acos: unary(tf.acos, unit),
  Atan: unary(tf.atan),
  Sinh: unary(tf.sinh),
  Cosh: unary(tf.cosh),
  Asinh: unary(tf.asinh),
  Acosh: unary((value) => tf.acosh(tf.add(value, 1.5)), positive),
  Atanh: unary(tf.atanh, unit),
  Step: [
    ...unary((value) => tf.step(value), x, false),
    ...unary((value) => tf.step(value, 0.3), x, false),
  ],
  ClipByValue: unary((value) => tf.clipByValue(value, -0.5, 1)),
  AddN: [{ inputs: { a: x, b: x, c: x }, run: ({ a, b, c }) => tf.addN([a!, b!, c!]) }],
  SquaredDifference: unevenBinary(tf.squaredDifference),
  FloorDiv: [
    ...binary((a, b) => tf.floorDiv(a, tf.add(b, 10)), integers, false),
    ...binary((a, b) => tf.floorDiv(a, b), positive, false),
  ],
  Mod: binary((a, b) => tf.mod(tf.sub(a, 1), b), positive, false),
  Select: [
    { inputs: { c: flags, a: x, b: x }, run: ({ c, a, b }) => tf.where(c!, a!, b!) },
    {
      inputs: { c: flags, a: x, b: { shape: [4] } },
      run: ({ c, a, b }) => tf.where(c!, a!, b!),
      gradient: false,
    },
  ],
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
  Sum: [...reduction(tf.sum), ...ofBroadcast(tf.sum)],
  Mean: [...reduction(tf.mean), ...ofBroadcast(tf.mean)],
  Max: [...reduction(tf.max), ...ofBroadcast(tf.max)],
  Min: reduction(tf.min),
  Prod: reduction(tf.prod, x, false),
  All: reduction(tf.all, flags, false),
  Any: reduction(tf.any, flags, false),
  ArgMax: [0, 1, 2].flatMap((axis) => unary((value) => tf.argMax(value, axis), x, false)),
  ArgMin: [0, 1, 2].flatMap((axis) => unary((value) => tf.argMin(value, axis), x, false)),
  Cumsum: [false, true].flatMap((exclusive) =>
    [false, true].flatMap((reverse) => unary((value) => tf.cumsum(value, 2, exclusive, reverse))),
  ),
  Reshape: [
    ...unary((value) => tf.reshape(value, [-1, 4])),
    ...unary((value) => tf.reshape(value, [value.shape[0], -1])),
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
  Slice: [
    ...unary((value) => tf.slice(value, [0, 0, 1], [-1, -1, 2])),
    ...unary((value) => tf.slice(value, [0, 0, 3])),
    ...unary((value) => tf.slice(tf.concat([value, value], 1), [0, value.shape[1]!, 0])),
  ],
  StridedSlice: [
    ...unary((value) => tf.stridedSlice(value, [0, 0, 0], [0, 0, 4], [1, 1, 2], 3, 3), x, false),
    ...unary((value) => tf.stridedSlice(value, [0, 0, 3], [0, 0, 0], [1, 1, -1], 3, 3), x, false),
  ],
  Concat: [0, 1, 2].flatMap((axis) => [
    {
      inputs: { a: x, b: x },
      run: ({ a, b }: Record<string, tf.Tensor>) => tf.concat([a!, b!], axis),
    },
  ]),
  Pack: [0, 1, 3, -1].flatMap((axis) => [
    {
      inputs: { a: x, b: x },
      run: ({ a, b }: Record<string, tf.Tensor>) => tf.stack([a!, b!], axis),
    },
  ]),
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
