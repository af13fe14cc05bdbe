import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, it } from "vitest";
import { compileFunction } from "../../../src/engine/index.ts";

// Typed as a method, whose parameters may be narrower.
type Operation = { run(...inputs: tf.Tensor[]): tf.Tensor }["run"];
type Operations = Readonly<Record<string, Operation>>;

const VALUES = [
  ...[0, -0, 1, -1, 0.5, -0.5, 2.5, -2.5, 1e-6, -1e-6, 30, -30, 1e30, -1e30],
  ...[Infinity, -Infinity, NaN],
];

const SMOOTH: Operations = {
  ...{ exp: tf.exp, expm1: tf.expm1, log: tf.log, log1p: tf.log1p, sqrt: tf.sqrt },
  ...{ rsqrt: tf.rsqrt, square: tf.square, neg: tf.neg, reciprocal: tf.reciprocal, abs: tf.abs },
  ...{ tanh: tf.tanh, sigmoid: tf.sigmoid, erf: tf.erf, softplus: tf.softplus, relu: tf.relu },
  ...{ relu6: tf.relu6, elu: tf.elu, selu: tf.selu, sign: tf.sign },
  ...{ floor: tf.floor, ceil: tf.ceil, round: tf.round, sin: tf.sin, cos: tf.cos, tan: tf.tan },
  ...{ asin: tf.asin, acos: tf.acos, atan: tf.atan, sinh: tf.sinh, cosh: tf.cosh },
  ...{ asinh: tf.asinh, acosh: tf.acosh, atanh: tf.atanh },
  leakyRelu: (x) => tf.leakyRelu(x),
  clipByValue: (x) => tf.clipByValue(x, -0.5, 1),
};

const UNARY: Operations = {
  ...SMOOTH,
  ...{ isNaN: tf.isNaN, isInf: tf.isInf, isFinite: tf.isFinite },
  step: (x) => tf.step(x),
  toInteger: (x) => tf.cast(x, "int32"),
  toFlag: (x) => tf.cast(x, "bool"),
};

const BINARY: Operations = {
  ...{ add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div, pow: tf.pow, mod: tf.mod },
  ...{ maximum: tf.maximum, minimum: tf.minimum, squaredDifference: tf.squaredDifference },
  ...{ equal: tf.equal, notEqual: tf.notEqual, greater: tf.greater, less: tf.less },
  ...{ greaterEqual: tf.greaterEqual, lessEqual: tf.lessEqual, floorDiv: tf.floorDiv },
};

/** An integer has no place for these; what becomes of them is said nowhere. */
const noInteger = (value: number) => !(Math.abs(value) < 2 ** 31);

/** Where the two differ, and why that is no error. */
const EXCEPTIONS: Readonly<Record<string, (inputs: number[]) => boolean>> = {
  // NaN in C; 0 in tfjs.
  sign: ([x]) => Number.isNaN(x),
  // 0 where NaN is: a relu's gradient, whose forward pass is NaN already.
  step: ([x]) => Number.isNaN(x),
  toInteger: ([x]) => noInteger(x!),
  floorDiv: ([a, b]) => noInteger(Math.floor(a! / b!)),
  // tfjs's cpu backend has an approximation that is off by 1e-7: at 1e-6, 2x/√π = 1.128379e-6.
  erf: ([x]) => Math.abs(x!) === 1e-6,
  // ONNX Runtime is off by 1e-8 and 2e-8 where exp(x) - 1 is close to 0.
  elu: ([x]) => x === -1e-6,
  selu: ([x]) => x === -1e-6,
  // ONNX Runtime has 0 for 9e-14.
  sigmoid: ([x]) => x === -30,
  // 1 to any power and -1 to an infinite one are 1 in C and NaN in JavaScript.
  pow: ([a, b]) => a === 1 || (a === -1 && Math.abs(b!) === Infinity),
};

const ofNaN = ([x]: number[]) => Number.isNaN(x);
const GRADIENT_EXCEPTIONS: typeof EXCEPTIONS = {
  // The loss is NaN already.
  abs: ofNaN,
  relu: ofNaN,
  relu6: ofNaN,
  sigmoid: ([x]) => x === -30,
  softplus: ([x]) => x === -30,
};

/** To 1e-5 of the value; infinities and NaN exactly. */
function isClose(found: number, wanted: number): boolean {
  if (Object.is(found, wanted) || found === wanted) return true;
  // Below the smallest normal float32 either may have 0.
  return Math.abs(found - wanted) <= 1e-5 * Math.abs(wanted) + 2 ** -126;
}

/** All that differs between ONNX Runtime and tfjs's cpu backend, one line each. */
async function differences(
  operations: Operations,
  rows: number[][],
  exceptions = EXCEPTIONS,
): Promise<string[]> {
  const columns = rows[0]!.map((_value, column) => rows.map((row) => row[column]!));
  const names = columns.map((_values, column) => `x${column}`);
  const compiled = await compileFunction({
    inputs: Object.fromEntries(names.map((name) => [name, { shape: ["B"], dtype: "float32" }])),
    run: (tensors) => {
      const inputs = names.map((name) => tensors[name]!);
      return Object.fromEntries(
        Object.entries(operations).map(([name, run]) => [name, run(...inputs)]),
      );
    },
  });
  const arrays = columns.map((values, column) => {
    return [names[column]!, { shape: [rows.length], data: Float32Array.from(values) }] as const;
  });
  const results = await compiled.run(Object.fromEntries(arrays));
  await compiled.dispose();
  const inputs = columns.map((values) => tf.tensor1d(values));
  return Object.entries(operations).flatMap(([name, run]) => {
    const expected = run(...inputs).dataSync();
    return rows.flatMap((row, index) => {
      const [found, wanted] = [results[name]!.data[index]!, expected[index]!];
      if (isClose(found, wanted) || exceptions[name]?.(row)) return [];
      return [`${name}(${row.join(", ")}) is ${found} and not ${wanted}`];
    });
  });
}

describe("at 0, -0, ±∞, NaN, very small and very large numbers", () => {
  beforeEach(async () => {
    await tf.setBackend("cpu");
  });
  const single = VALUES.map((value) => [value]);

  it("operations of one tensor are those of tfjs", async () => {
    expect(await differences(UNARY, single)).toEqual([]);
  });

  it("so are their gradients", async () => {
    const gradients = Object.entries(SMOOTH).map(([name, run]) => {
      return [name, (x?: tf.Tensor) => tf.grad((y) => tf.sum(run(y)))(x!)] as const;
    });
    const operations = Object.fromEntries(gradients);
    expect(await differences(operations, single, GRADIENT_EXCEPTIONS)).toEqual([]);
  });

  it("operations of two tensors are those of tfjs, at each pair of such numbers", async () => {
    const pairs = VALUES.flatMap((a) => VALUES.map((b) => [a, b]));
    expect(await differences(BINARY, pairs)).toEqual([]);
  });

  it("softmax and its logarithm stay finite at large logits, and are 0 and -∞ at -∞", async () => {
    const run = (x: tf.Tensor) => ({
      softmax: tf.softmax(x),
      logarithm: tf.logSoftmax(x),
      logSumExp: tf.logSumExp(x, -1),
    });
    const compiled = await compileFunction({
      inputs: { x: { shape: ["B", 3], dtype: "float32" } },
      run: ({ x }) => run(x!),
    });
    const rows = [1e30, 0, -1e30, 1000, 1000, 999, -Infinity, 0, 0];
    const found = await compiled.run({ x: { shape: [3, 3], data: Float32Array.from(rows) } });
    // By hand: 1/(1 + 1 + e⁻¹) = 0.422319, its logarithm -0.861995, e⁻¹ of it 0.155362; halves and -log 2.
    const close = (name: string, values: number[]) => {
      const list = [...found[name]!.data];
      expect(
        list.every((value, index) => isClose(value, values[index]!)),
        String(list),
      ).toBe(true);
    };
    close("softmax", [1, 0, 0, 0.4223188, 0.4223188, 0.1553624, 0, 0.5, 0.5]);
    const half = -Math.LN2;
    close("logarithm", [
      0,
      -1e30,
      -2e30,
      -0.8619948,
      -0.8619948,
      -1.8619948,
      -Infinity,
      half,
      half,
    ]);
    close("logSumExp", [1e30, 1000.8619948, Math.LN2]);
    await compiled.dispose();
  });
});
