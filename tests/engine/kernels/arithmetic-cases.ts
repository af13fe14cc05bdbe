import * as tf from "@tensorflow/tfjs";
import { binary, flags, integers, positive, unary, unevenBinary, x } from "./kernel-case.ts";
import type { Binary, KernelCases } from "./kernel-case.ts";

const comparison = (run: Binary) => [
  ...binary(run, integers, false),
  ...binary((a, b) => run(tf.round(a), tf.round(b)), x, false),
];
const logical = (run: Binary) => binary(run, flags, false);
const ofIntegers = (run: Binary) => binary(run, integers, false);

/** Operations of two tensors, comparisons and choices. */
export const arithmeticCases: KernelCases = {
  Add: [...binary(tf.add), ...ofIntegers(tf.add)],
  Sub: [...binary(tf.sub), ...ofIntegers(tf.sub)],
  Multiply: [...binary(tf.mul), ...ofIntegers(tf.mul)],
  RealDiv: binary(tf.div, positive),
  Maximum: [...unevenBinary(tf.maximum), ...ofIntegers(tf.maximum)],
  Minimum: [...unevenBinary(tf.minimum), ...ofIntegers(tf.minimum)],
  Pow: binary(tf.pow, positive),
  Prelu: [
    {
      inputs: { x, alpha: { shape: [4] } },
      run: ({ x, alpha }) => tf.prelu(x!, alpha!),
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
};
