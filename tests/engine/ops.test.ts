import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, it } from "vitest";
import {
  biLstm,
  compileFunction,
  gelu,
  layerNorm,
  linear,
  prefixRows,
} from "../../src/engine/index.ts";
import type { BiLstmWeights, Dimension, NamedArray, Tensors } from "../../src/engine/index.ts";
import { largestDifference, sampleValues } from "./sample-values.ts";

type Run = (tensors: Record<string, tf.Tensor>) => tf.Tensor;

interface OperationCase {
  shapes: Record<string, readonly Dimension[]>;
  run: Run;
}

const D = 3;
const H = 2;

function lstmOf(tensors: Record<string, tf.Tensor>): BiLstmWeights {
  const direction = (name: string) => ({
    input: tensors[`${name}Input`] as tf.Tensor2D,
    recurrent: tensors[`${name}Recurrent`] as tf.Tensor2D,
    inputBias: tensors[`${name}Bias`] as tf.Tensor1D,
    recurrentBias: tensors[`${name}Bias2`] as tf.Tensor1D,
  });
  return { forward: direction("forward"), backward: direction("backward") };
}

const lstmShapes = Object.fromEntries(
  ["forward", "backward"].flatMap((name) => [
    [`${name}Input`, [4 * H, D]],
    [`${name}Recurrent`, [4 * H, H]],
    [`${name}Bias`, [4 * H]],
    [`${name}Bias2`, [4 * H]],
  ]),
) as Record<string, readonly Dimension[]>;

const cases: Record<string, OperationCase> = {
  gelu: { shapes: { x: ["B", "L", 3] }, run: ({ x }) => gelu(x!) },
  layerNorm: {
    shapes: { x: ["B", "L", 5], gain: [5], bias: [5] },
    run: ({ x, gain, bias }) => layerNorm(x!, gain!, bias!, 1e-5),
  },
  "linear of rows": {
    shapes: { x: ["B", 4], weight: [3, 4], bias: [3] },
    run: ({ x, weight, bias }) => linear(x!, weight as tf.Tensor2D, bias as tf.Tensor1D),
  },
  "linear of sequences": {
    shapes: { x: ["B", "L", 4], weight: [3, 4], bias: [3] },
    run: ({ x, weight, bias }) => linear(x!, weight as tf.Tensor2D, bias as tf.Tensor1D),
  },
  prefixRows: {
    shapes: { table: [7, 4], x: ["B", "L", 4] },
    run: ({ table, x }) => tf.add(x!, prefixRows(table as tf.Tensor2D, x!.shape[1]!)),
  },
  biLstm: {
    shapes: { x: ["B", "L", D], ...lstmShapes },
    run: (tensors) => {
      const x = tensors["x"] as tf.Tensor3D;
      const mask = tf.fill(x.shape.slice(0, 2), 1);
      return biLstm(x, mask as tf.Tensor2D, lstmOf(tensors));
    },
  },
};

/** The value, and the gradients of its sum weighted by its sines. */
function withGradients(
  { shapes, run }: OperationCase,
  tensors: Tensors,
): Record<string, tf.Tensor> {
  const names = Object.keys(shapes);
  const objective = (...learned: tf.Tensor[]) => {
    const value = run(Object.fromEntries(names.map((name, index) => [name, learned[index]!])));
    return tf.sum(tf.mul(value, tf.sin(value)));
  };
  const gradients = tf.grads(objective)(names.map((name) => tensors[name]!));
  return {
    value: run(tensors),
    ...Object.fromEntries(names.map((name, index) => [name, gradients[index]!])),
  };
}

function arraysOf(
  { shapes }: OperationCase,
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

function compileCase(operation: OperationCase) {
  const inputs = Object.fromEntries(
    Object.entries(operation.shapes).map(([name, shape]) => [
      name,
      { shape, dtype: "float32" as const },
    ]),
  );
  return compileFunction({ inputs, run: (tensors) => withGradients(operation, tensors) });
}

describe("operations of the engine", () => {
  beforeEach(async () => {
    await tf.setBackend("cpu");
  });

  for (const [name, operation] of Object.entries(cases)) {
    it(`${name}: traced equals composed of tfjs operations, values and gradients`, async () => {
      const compiled = await compileCase(operation);
      for (const sizes of [
        { B: 2, L: 3 },
        { B: 1, L: 1 },
        { B: 3, L: 1 },
        { B: 1, L: 6 },
      ]) {
        const arrays = arraysOf(operation, sizes);
        const results = await compiled.run(arrays);
        tf.tidy(() => {
          const tensors = Object.entries(arrays).map(
            ([key, { data, shape }]) => [key, tf.tensor(data, [...shape])] as const,
          );
          const expected = withGradients(operation, Object.fromEntries(tensors));
          for (const [key, tensor] of Object.entries(expected)) {
            expect(results[key]!.shape).toEqual(tensor.shape);
            const difference = largestDifference(results[key]!.data, tensor.dataSync());
            expect(difference, `${key} at ${JSON.stringify(sizes)}`).toBeLessThan(1e-5);
          }
        });
      }
      await compiled.dispose();
    });
  }

  it("gelu(1) = Φ(1) = 0.841345, gelu(-2) = -2 Φ(-2) = -0.045500", () => {
    const values = gelu(tf.tensor1d([1, -2, 0])).dataSync();
    expect(largestDifference(values, [0.841345, -0.0455, 0])).toBeLessThan(1e-5);
  });

  it("layerNorm by hand: [1, 3] has mean 2 and deviation 1", () => {
    const row = layerNorm(tf.tensor2d([[1, 3]]), tf.tensor1d([2, 2]), tf.tensor1d([1, 0]), 0);
    expect(largestDifference(row.dataSync(), [-1, 2])).toBeLessThan(1e-6);
  });
});

describe("biLstm", () => {
  beforeEach(async () => {
    await tf.setBackend("cpu");
  });

  it("one step by hand: h = σ(z_o) · tanh(σ(z_i) · tanh(z_g))", () => {
    // One unit, one input of 1; gates i, f, g, o get 0.5, 1, 2, -1. The state is 0, so f plays no part:
    // c = σ(0.5) · tanh(2) = 0.622459 · 0.964028 = 0.600068; h = σ(-1) · tanh(c) = 0.268941 · 0.537102 = 0.144449.
    const weights = {
      input: tf.tensor2d([[0.5], [1], [2], [-1]]),
      recurrent: tf.tensor2d([[9], [9], [9], [9]]),
      inputBias: tf.tensor1d([0, 0, 0, 0]),
      recurrentBias: tf.tensor1d([0, 0, 0, 0]),
    };
    const x = tf.tensor3d([[[1]]]);
    const states = biLstm(x, tf.tensor2d([[1]]), { forward: weights, backward: weights });
    expect(states.shape).toEqual([1, 1, 2]);
    expect(largestDifference(states.dataSync(), [0.144449, 0.144449])).toBeLessThan(2e-6);
  });

  it("has the gradients of finite differences", async () => {
    const operation = cases["biLstm"]!;
    const compiled = await compileCase(operation);
    const arrays = arraysOf(operation, { B: 2, L: 3 });
    const objective = async () => {
      const { value } = await compiled.run(arrays);
      return value!.data.reduce((sum, number) => sum + number * Math.sin(number), 0);
    };
    const gradients = await compiled.run(arrays);
    Reflect.deleteProperty(gradients, "value");
    const width = 1e-2;
    for (const [name, gradient] of Object.entries(gradients)) {
      const { data } = arrays[name]!;
      for (const place of [0, Math.floor(data.length / 2), data.length - 1]) {
        const middle = data[place]!;
        data[place] = middle + width;
        const above = await objective();
        data[place] = middle - width;
        const below = await objective();
        data[place] = middle;
        // Central differences are off by width² / 6 times the third derivative, float32 by 1e-7 / width.
        expect(gradient.data[place]! - (above - below) / (2 * width), name).toBeCloseTo(0, 2.7);
      }
    }
    await compiled.dispose();
  });

  it("gives exactly 0 at padding, and reads texts backwards from their last token", async () => {
    const compiled = await compileFunction({
      inputs: {
        x: { shape: ["B", "L", D], dtype: "float32" },
        mask: { shape: ["B", "L"], dtype: "float32" },
        ...Object.fromEntries(
          Object.entries(lstmShapes).map(([name, shape]) => [
            name,
            { shape, dtype: "float32" as const },
          ]),
        ),
      },
      run: (tensors) => ({
        states: biLstm(
          tensors["x"] as tf.Tensor3D,
          tensors["mask"] as tf.Tensor2D,
          lstmOf(tensors),
        ),
      }),
    });
    const weights = arraysOf({ shapes: lstmShapes, run: ({ x }) => x! }, { B: 1, L: 1 });
    const tokens = sampleValues(2 * D, 40);
    const x = new Float32Array(5 * D).fill(7);
    x.set(tokens);
    const short = await compiled.run({
      ...weights,
      x: { shape: [1, 2, D], data: tokens },
      mask: { shape: [1, 2], data: Float32Array.of(1, 1) },
    });
    const long = await compiled.run({
      ...weights,
      x: { shape: [1, 5, D], data: x },
      mask: { shape: [1, 5], data: Float32Array.of(1, 1, 0, 0, 0) },
    });
    const states = long["states"]!.data;
    expect([...states.slice(0, 2 * 2 * H)]).toEqual([...short["states"]!.data]);
    expect(states.slice(2 * 2 * H).every((state) => state === 0)).toBe(true);
    await compiled.dispose();
  });
});
