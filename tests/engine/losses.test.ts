import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, it } from "vitest";
import { linear } from "../../src/engine/index.ts";
import { checkFiniteDifferences } from "./kernels/finite-differences.ts";
import { arraysOf, compileCase, eager } from "./ops/operation-case.ts";
import type { OperationCase } from "./ops/operation-case.ts";
import { largestDifference } from "./sample-values.ts";

type Of = Record<string, tf.Tensor>;

/** Distributions out of any numbers, which are inputs too: both sides of each loss have gradients. */
const shares = (x?: tf.Tensor) => tf.softmax(x!);
const length = (x: tf.Tensor) => tf.sqrt(tf.sum(tf.square(x), -1));
/** 1, or 0 where a number is below -1: what a mask would be. */
const present = (x?: tf.Tensor) => tf.step(tf.add(x!, 1));

function divergence(p: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(p, tf.sub(tf.log(p), tf.logSoftmax(logits))), -1);
}

/** Convolutions of several widths over masked tokens, and the maximum over time (Kim 2014). */
function kim({ x, mask, narrow, wide }: Of): tf.Tensor {
  const tokens = tf.mul<tf.Tensor3D>(x!, tf.expandDims(present(mask), 2));
  const pooled = [narrow!, wide!].map((filter) =>
    tf.max(tf.relu(tf.conv1d(tokens, filter as tf.Tensor3D, 1, "same")), 1),
  );
  return tf.concat(pooled, 1);
}

/** What the losses and heads of students are made of, as whole expressions. */
const EXPRESSIONS: Record<string, OperationCase> = {
  "soft targets: T²·KL(softmax(z_t / T) ‖ softmax(z_s / T))": {
    shapes: { teacher: ["B", 5], student: ["B", 5] },
    run: ({ teacher, student }) =>
      tf.mul(4, tf.mean(divergence(shares(tf.div(teacher!, 2)), tf.div(student!, 2)))),
  },
  "multi-label: cross-entropy of sigmoids": {
    shapes: { logits: ["B", 6], targets: ["B", 6] },
    run: ({ logits, targets }) => {
      const probability = tf.sigmoid(targets!);
      const stable = tf.log1p(tf.exp(tf.neg(tf.abs(logits!))));
      return tf.mean(tf.add(tf.sub(tf.relu(logits!), tf.mul(logits!, probability)), stable));
    },
  },
  "multi-label, by tf.losses": {
    shapes: { logits: ["B", 6] },
    run: ({ logits }) =>
      tf.losses.sigmoidCrossEntropy(tf.fill(logits!.shape, 0.3), logits as tf.Tensor2D),
  },
  "token by token: masked cross-entropy of [B, L, C]": {
    shapes: { x: ["B", "L", 4], weight: [3, 4], bias: [3], targets: ["B", "L", 3] },
    run: ({ x, weight, bias, targets }) => {
      const logits = linear(x!, weight as tf.Tensor2D, bias as tf.Tensor1D);
      const perToken = tf.neg(tf.sum(tf.mul(shares(targets), tf.logSoftmax(logits)), 2));
      const mask = tf.step(tf.add(tf.range(0, x!.shape[1]!), 0.5));
      return tf.div(tf.sum(tf.mul(perToken, mask)), tf.add(tf.sum(mask), x!.shape[0]));
    },
  },
  "vectors: one minus the cosine": {
    shapes: { a: ["B", 5], b: ["B", 5] },
    run: ({ a, b }) => {
      const cosine = tf.div(tf.sum(tf.mul(a!, b!), 1), tf.mul(length(a!), length(b!)));
      return tf.mean(tf.sub(1, cosine));
    },
  },
  "vectors of unit length": {
    shapes: { a: ["B", 5] },
    run: ({ a }) => tf.div(a!, tf.expandDims(length(a!), 1)),
  },
  "hidden states: mean squared error of a projection": {
    shapes: { student: ["B", "L", 3], teacher: ["B", "L", 5], weight: [5, 3], bias: [5] },
    run: ({ student, teacher, weight, bias }) => {
      const projected = linear(student!, weight as tf.Tensor2D, bias as tf.Tensor1D);
      return tf.mean(tf.squaredDifference(projected, teacher!));
    },
  },
  "attention: KL of [B, H, L, L]": {
    shapes: { student: ["B", 2, "L", "L"], teacher: ["B", 2, "L", "L"] },
    run: ({ student, teacher }) => tf.mean(divergence(shares(teacher), student!)),
  },
  "a bag of tokens: masked mean": {
    shapes: { x: ["B", "L", 4] },
    run: ({ x }) => {
      const mask = tf.fill<tf.Rank.R2>([x!.shape[0], x!.shape[1]!], 1);
      const sum = tf.sum(tf.mul(x!, tf.expandDims(mask, 2)), 1);
      return tf.div(sum, tf.sum(mask, 1, true));
    },
  },
  "a convolution over time": {
    shapes: { x: ["B", "L", 3], narrow: [2, 3, 4], wide: [3, 3, 4] },
    run: ({ x, narrow, wide }) =>
      kim({ x: x!, mask: tf.sum(tf.square(x!), 2), narrow: narrow!, wide: wide! }),
  },
};

describe("losses and heads", () => {
  beforeEach(async () => {
    await tf.setBackend("cpu");
  });

  for (const [name, expression] of Object.entries(EXPRESSIONS)) {
    it(`${name}: values and gradients of the cpu backend and of finite differences`, async () => {
      const compiled = await compileCase(expression);
      for (const sizes of [
        { B: 3, L: 4 },
        { B: 1, L: 1 },
      ]) {
        const arrays = arraysOf(expression.shapes, sizes);
        const results = await compiled.run(arrays);
        for (const [key, { shape, data }] of Object.entries(eager(expression, arrays))) {
          expect(results[key]!.shape, key).toEqual(shape);
          expect(largestDifference(results[key]!.data, data), key).toBeLessThan(1e-5);
        }
      }
      const arrays = arraysOf(expression.shapes, { B: 2, L: 3 });
      await checkFiniteDifferences(compiled, arrays, Object.keys(expression.shapes));
      await compiled.dispose();
    });
  }
});
