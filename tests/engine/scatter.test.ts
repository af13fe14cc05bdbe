import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { compileFunction } from "../../src/engine/index.ts";
import { trace } from "../../src/engine/trace/trace.ts";

const ROWS = 8;
const TOKENS = 4096;
const SIZE = 16;

const gradient = (table: tf.Tensor, ids: tf.Tensor, weights: tf.Tensor) =>
  tf.grad((rows) => tf.sum(tf.mul(tf.gather(rows, ids as tf.Tensor1D), weights)))(table);

describe("the gradient of a gather", () => {
  it("adds up repeated indices: right 200 of 200 times, with two threads", async () => {
    const compiled = await compileFunction(
      {
        inputs: {
          table: { shape: [ROWS, SIZE], dtype: "float32" },
          ids: { shape: ["B"], dtype: "int32" },
          weights: { shape: ["B", SIZE], dtype: "float32" },
        },
        run: ({ table, ids, weights }) => ({ sums: gradient(table!, ids!, weights!) }),
      },
      { threads: 2 },
    );
    const ids = Int32Array.from({ length: TOKENS }, (_, index) => (index * 5 + 1) % ROWS);
    // Whole numbers: float32 adds them exactly, in whatever order.
    const weights = Float32Array.from({ length: TOKENS * SIZE }, (_, index) => (index % 7) - 3);
    const expected = new Float32Array(ROWS * SIZE);
    weights.forEach((weight, index) => {
      expected[ids[Math.floor(index / SIZE)]! * SIZE + (index % SIZE)]! += weight;
    });
    let right = 0;
    for (let run = 0; run < 200; run += 1) {
      const { sums } = await compiled.run({
        table: { shape: [ROWS, SIZE], data: new Float32Array(ROWS * SIZE) },
        ids: { shape: [TOKENS], data: ids },
        weights: { shape: [TOKENS, SIZE], data: weights },
      });
      if (sums!.data.every((sum, index) => sum === expected[index])) right += 1;
    }
    expect(right).toBe(200);
    await compiled.dispose();
  });

  it("is a ScatterElements: ONNX Runtime's ScatterND loses updates on the CPU", () => {
    const { graph } = trace({ fixedSizes: [ROWS, SIZE] }, (scope) => {
      const table = scope.input("table", [ROWS, SIZE]);
      const ids = scope.input("ids", ["B"], "int32");
      const weights = scope.input("weights", ["B", SIZE]);
      scope.output("sums", gradient(table, ids, weights));
    });
    const scatters = graph.nodes.filter((node) => node.operator.startsWith("Scatter"));
    expect(scatters.map(({ operator, attributes }) => [operator, attributes["reduction"]])).toEqual(
      [["ScatterElements", "add"]],
    );
  });
});
