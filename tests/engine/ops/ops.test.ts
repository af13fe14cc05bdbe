import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, it } from "vitest";
import { biLstm, gelu, layerNorm, linear, lstm, prefixRows } from "../../../src/engine/index.ts";
import { checkFiniteDifferences } from "../kernels/finite-differences.ts";
import { largestDifference } from "../sample-values.ts";
import { biLstmWeights, D, directionShapes, lstmWeights } from "./lstm-inputs.ts";
import { arraysOf, compileCase, eager } from "./operation-case.ts";
import type { OperationCase } from "./operation-case.ts";

/** All tokens there: what padding does is in lstm.test.ts. */
const present = (x: tf.Tensor3D) => tf.fill<tf.Rank.R2>([x.shape[0], x.shape[1]], 1);

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
  lstm: {
    shapes: { x: ["B", "L", D], ...directionShapes("forward") },
    run: (tensors) => {
      const x = tensors["x"] as tf.Tensor3D;
      return lstm(x, present(x), lstmWeights(tensors, "forward"));
    },
  },
  biLstm: {
    shapes: { x: ["B", "L", D], ...directionShapes("forward"), ...directionShapes("backward") },
    run: (tensors) => {
      const x = tensors["x"] as tf.Tensor3D;
      return biLstm(x, present(x), biLstmWeights(tensors));
    },
  },
};

describe("operations of the engine", () => {
  beforeEach(async () => {
    await tf.setBackend("cpu");
  });

  for (const [name, operation] of Object.entries(cases)) {
    it(`${name}: traced equals composed of tfjs operations, and the gradients finite differences`, async () => {
      const compiled = await compileCase(operation);
      for (const sizes of [
        { B: 2, L: 3 },
        { B: 1, L: 1 },
        { B: 3, L: 1 },
        { B: 1, L: 6 },
      ]) {
        const arrays = arraysOf(operation.shapes, sizes);
        const results = await compiled.run(arrays);
        for (const [key, { shape, data }] of Object.entries(eager(operation, arrays))) {
          expect(results[key]!.shape).toEqual(shape);
          const difference = largestDifference(results[key]!.data, data);
          expect(difference, `${key} at ${JSON.stringify(sizes)}`).toBeLessThan(1e-5);
        }
      }
      const arrays = arraysOf(operation.shapes, { B: 2, L: 3 });
      await checkFiniteDifferences(compiled, arrays, Object.keys(operation.shapes));
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
