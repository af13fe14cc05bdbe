import * as tf from "@tensorflow/tfjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LimbeckError } from "../../src/errors.ts";
import { hintonLoss, softTargetLoss } from "../../src/losses/hinton.ts";
import { gradientByDifferences, hintonInFloat64 } from "./float64.ts";

const value = (scalar: tf.Scalar | undefined): number => scalar!.dataSync()[0]!;

// By hand, for z_t = [2, 0] and z_s = [0, 0]: p = σ(2/T), q = ½, KL(p ‖ q) = ln 2 - H(p), in nats:
//   T   p          H(p)       KL         T²·KL
//   1   0.8807971  0.3653339  0.3278133  0.3278133
//   2   0.7310586  0.5822031  0.1109441  0.4437763
//   4   0.6224593  0.6628473  0.0302999  0.4847978
// The reverse, KL(q ‖ p), would be 0.4337808 at T = 1; without T² it would be 0.1109441 at T = 2.
const SOFT = [
  [1, 0.3278133, 0.8807971],
  [2, 0.4437763, 0.7310586],
  [4, 0.4847978, 0.6224593],
] as const;
const teacherLogits = tf.keep(tf.tensor2d([[2, 0]]));
const studentLogits = tf.keep(tf.tensor2d([[0, 0]]));
const labels = tf.keep(tf.tensor1d([0], "int32"));

let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
  tf.engine().startScope();
});
afterEach(() => {
  tf.engine().endScope();
  expect(tf.memory().numTensors).toBe(tensors);
});

describe("hintonLoss, values", () => {
  it.each(SOFT)("is T² · KL(teacher ‖ student) for alpha = 0 and T = %d", (temperature, soft) => {
    const { loss, terms } = hintonLoss({ studentLogits, teacherLogits }, { temperature, alpha: 0 });
    expect(value(loss)).toBeCloseTo(soft, 6);
    expect(Object.keys(terms)).toEqual(["soft"]);
    expect(value(terms["soft"])).toBeCloseTo(soft, 6);
  });

  it.each([1, 2, 4])("is plain cross-entropy for alpha = 1, whatever T = %d", (temperature) => {
    const { loss, terms } = hintonLoss({ studentLogits, labels }, { temperature, alpha: 1 });
    expect(value(loss)).toBeCloseTo(Math.LN2, 6);
    expect(Object.keys(terms)).toEqual(["hard"]);
  });

  // alpha 0.25: 0.25 · ln 2 + 0.75 · T²·KL. Swapped, 0.75 · ln 2 + 0.25 · T²·KL is another number.
  it.each(
    SOFT.flatMap(([temperature, soft]) => [0.25, 0.5].map((alpha) => [alpha, temperature, soft])),
  )("weighs the hard term by alpha = %d at T = %d", (alpha, temperature, soft) => {
    const inputs = { studentLogits, teacherLogits, labels };
    const { loss, terms } = hintonLoss(inputs, { temperature: temperature, alpha: alpha });
    expect(value(loss)).toBeCloseTo(alpha * Math.LN2 + (1 - alpha) * soft, 6);
    expect(value(terms["hard"])).toBeCloseTo(Math.LN2, 6);
    expect(value(terms["soft"])).toBeCloseTo(soft, 6);
  });

  // Two texts, gold for the second only: soft 0.4437763 each, hard (0 + ln 2) / 2;
  // 0.75 · 0.4437763 + 0.25 · 0.3465736 = 0.4194756.
  it("sums the hard term over texts with gold and divides both terms by B", () => {
    const { loss } = hintonLoss(
      {
        studentLogits: tf.zeros([2, 2]),
        teacherLogits: tf.tensor2d([[2, 0], [2, 0]]), // prettier-ignore
        labels: tf.tensor1d([-1, 0], "int32"),
      },
      { temperature: 2, alpha: 0.25 },
    );
    expect(value(loss)).toBeCloseTo(0.4194756, 6);
  });

  it("is 0 where the student equals its teacher up to a constant per text", () => {
    const student = tf.tensor2d([[5, 3]]);
    expect(value(softTargetLoss(student, teacherLogits, 2))).toBeCloseTo(0, 6);
  });

  // By hand: p = [1, 0], log q = [-200, 0], so KL = 200; T² · KL at T = 2 with logits ±200 gives log q = [-200, 0].
  it("stays finite for logits far apart", () => {
    const [student, teacher] = [tf.tensor2d([[-200, 200]]), tf.tensor2d([[200, -200]])];
    expect(value(softTargetLoss(student, teacher, 2))).toBeCloseTo(4 * 200, 3);
  });
});

describe("hintonLoss, gradients", () => {
  // Hinton (2015), eq. 2, times T²: dL/dz_s = T · (q - p) / B. B = 2 with two equal texts.
  it.each(SOFT)("is T · (q - p) / B at T = %d", (temperature, _soft, p) => {
    const teacher = tf.tensor2d([[2, 0], [2, 0]]); // prettier-ignore
    const gradient = tf.grad((z) => softTargetLoss(z as tf.Tensor2D, teacher, temperature));
    const first = (temperature * (0.5 - p)) / 2;
    const expected = [first, -first, first, -first];
    [...gradient(tf.zeros([2, 2])).dataSync()].forEach((got, index) => {
      expect(got).toBeCloseTo(expected[index]!, 6);
    });
  });

  // Gold of texts 0, 2 and 3 only, all logits different: shifted labels, a wrong sign or weight shows.
  const student = [0.3, -1.2, 2, 0.7, 1, 0.1, -0.4, 0, -2, 1.5, 0.2, 0.9, 0.6, 0.5, -1, 1.1];
  const teacher = [3, -1, 0.5, 0, -0.2, 2.2, 1, -3, 0.1, 0.4, -0.6, 4, 1.3, -2, 0, 0.7];
  const gold = [2, -1, 0, 3];
  const cases = [0, 0.3, 1].flatMap((alpha) =>
    [1, 2, 4].map((temperature) => [alpha, temperature]),
  );

  it.each(cases)("equals finite differences for alpha = %d, T = %d", (alpha, temperature) => {
    const options = { alpha: alpha, temperature: temperature };
    const inputs = {
      teacherLogits: tf.tensor2d(teacher, [4, 4]),
      labels: tf.tensor1d(gold, "int32"),
    };
    const { value: loss, grad } = tf.valueAndGrad(
      (z) => hintonLoss({ studentLogits: z as tf.Tensor2D, ...inputs }, options).loss,
    )(tf.tensor2d(student, [4, 4]));
    const reference = (z: readonly number[]): number =>
      hintonInFloat64({ student: z, teacher, labels: gold, classes: 4 }, options);
    expect(value(loss)).toBeCloseTo(reference(student), 5);
    const expected = gradientByDifferences(reference, student);
    expect(expected.some((slope) => Math.abs(slope) > 0.05)).toBe(true);
    [...grad.dataSync()].forEach((got, index) => {
      expect(got).toBeCloseTo(expected[index]!, 6);
    });
  });
});

describe("hintonLoss, what it reads", () => {
  it("does not read the teacher for alpha = 1", () => {
    const wrong = tf.fill<tf.Rank.R2>([3, 5], NaN);
    const options = { temperature: 2, alpha: 1 };
    const { loss } = hintonLoss({ studentLogits, teacherLogits: wrong, labels }, options);
    expect(value(loss)).toBeCloseTo(Math.LN2, 6);
  });

  it("does not read labels for alpha = 0", () => {
    const wrong = tf.tensor1d([7, 8, 9], "int32");
    const options = { temperature: 1, alpha: 0 };
    const { loss } = hintonLoss({ studentLogits, teacherLogits, labels: wrong }, options);
    expect(value(loss)).toBeCloseTo(0.3278133, 6);
  });

  it.each([
    [{ studentLogits, labels }, "Expected teacher logits, which this alpha calls for, got none."],
    [{ studentLogits, teacherLogits }, "Expected labels, which this alpha calls for, got none."],
    [
      { studentLogits, labels, teacherLogits: tf.keep(tf.tensor2d([[1, 2, 3]])) },
      "Expected teacher logits of shape [1, 2] to match the student's, got [1, 3].",
    ],
  ])("names what is missing or does not fit", (inputs, message) => {
    const run = (): unknown => hintonLoss(inputs, { temperature: 2, alpha: 0.5 });
    expect(run).toThrow(LimbeckError);
    expect(run).toThrow(message);
  });

  it.each([
    { temperature: 0, alpha: 0.5 },
    { temperature: 2, alpha: 1.1 },
    { temperature: 2, alpha: NaN },
  ])("refuses options out of range: %o", (options) => {
    expect(() => hintonLoss({ studentLogits, teacherLogits, labels }, options)).toThrow(RangeError);
  });
});
