import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { compileFunction } from "../../src/engine/compile-function.ts";
import { hintonLoss } from "../../src/losses/hinton.ts";
import { gradientByDifferences, hintonInFloat64 } from "./float64.ts";

// The losses run as traced graphs with a free batch size: nothing of them may be fixed by the batch that was traced.
describe("hintonLoss, traced by the engine", () => {
  const options = { temperature: 2, alpha: 0.3 };

  it("gives loss and gradient for any batch size", async () => {
    const compiled = await compileFunction({
      inputs: {
        studentLogits: { shape: ["B", 3], dtype: "float32" },
        teacherLogits: { shape: ["B", 3], dtype: "float32" },
        labels: { shape: ["B"], dtype: "int32" },
      },
      run(inputs) {
        const teacherLogits = inputs["teacherLogits"] as tf.Tensor2D;
        const labels = inputs["labels"] as tf.Tensor1D;
        const { value, grad } = tf.valueAndGrad(
          (z) =>
            hintonLoss({ studentLogits: z as tf.Tensor2D, teacherLogits, labels }, options).loss,
        )(inputs["studentLogits"]!);
        return { loss: value, gradient: grad };
      },
    });
    for (const batch of [1, 4, 7]) {
      const logits = (offset: number): number[] =>
        Array.from({ length: batch * 3 }, (_, i) => ((i * 7 + offset) % 11) / 3 - 1);
      const [student, teacher] = [logits(1), logits(6)];
      const labels = Array.from({ length: batch }, (_, i) => (i % 4) - 1);
      const shape = [batch, 3];
      const results = await compiled.run({
        studentLogits: { shape, data: Float32Array.from(student) },
        teacherLogits: { shape, data: Float32Array.from(teacher) },
        labels: { shape: [batch], data: Int32Array.from(labels) },
      });
      const reference = (z: readonly number[]): number =>
        hintonInFloat64({ student: z, teacher, labels, classes: 3 }, options);
      expect(results["loss"]!.data[0]).toBeCloseTo(reference(student), 5);
      gradientByDifferences(reference, student).forEach((expected, index) => {
        expect(results["gradient"]!.data[index]).toBeCloseTo(expected, 6);
      });
    }
    await compiled.dispose();
  });
});
