import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { crossEntropyLoss } from "../../src/losses/cross-entropy.ts";

const value = (scalar: tf.Scalar): number => scalar.dataSync()[0]!;

describe("crossEntropyLoss", () => {
  // log(e⁰ + e¹ + e³) = 3.1698461, so CE is that minus the label's logit: 3.1698461, 2.1698461, 0.1698461.
  it.each([
    [0, 3.1698461],
    [1, 2.1698461],
    [2, 0.1698461],
  ])("is -log softmax(z) at the label %i", (label, expected) => {
    const logits = tf.tensor2d([[0, 1, 3]]);
    expect(value(crossEntropyLoss({ logits, labels: tf.tensor1d([label], "int32") }))).toBeCloseTo(
      expected,
      6,
    );
  });

  // (3.1698461 + 0.1698461 + nothing) / 3 = 1.1132307: a text without a gold label counts in B only.
  it("divides by the batch, texts without a gold label included", () => {
    const logits = tf.tensor2d([
      [0, 1, 3],
      [0, 1, 3],
      [9, 9, 0],
    ]);
    const labels = tf.tensor1d([0, 2, -1], "int32");
    expect(value(crossEntropyLoss({ logits, labels }))).toBeCloseTo(1.1132307, 6);
  });

  it("is 0, with no gradient, where no text has a gold label", () => {
    const labels = tf.tensor1d([-1, -1], "int32");
    const loss = (logits: tf.Tensor): tf.Scalar =>
      crossEntropyLoss({ logits: logits as tf.Tensor2D, labels });
    const { value: total, grad } = tf.valueAndGrad(loss)(tf.tensor2d([[1, 2], [3, -4]])); // prettier-ignore
    expect(value(total)).toBeCloseTo(0, 12);
    expect([...grad.dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0]);
  });

  // A difference of 200 nats: the right answer is 200 and the wrong one infinity.
  it("stays finite for logits far apart", () => {
    const labels = tf.tensor1d([1], "int32");
    expect(value(crossEntropyLoss({ logits: tf.tensor2d([[100, -100]]), labels }))).toBeCloseTo(
      200,
    );
  });

  it.each([
    [
      tf.tensor1d([0], "int32"),
      "Expected int32 labels of shape [2], one per row of logits, got int32 [1].",
    ],
    [
      tf.tensor1d([0, 1], "float32"),
      "Expected int32 labels of shape [2], one per row of logits, got float32 [2].",
    ],
  ])("refuses labels that do not fit", (labels, message) => {
    const logits = tf.tensor2d([[1, 2], [3, 4]]); // prettier-ignore
    expect(() => crossEntropyLoss({ logits, labels })).toThrow(message);
  });
});
