import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyClassifier } from "../../src/math/softmax-regression/apply.ts";
import { fitSoftmaxRegression } from "../../src/math/softmax-regression/fit.ts";
import { chooseStrength, STRENGTHS } from "../../src/math/softmax-regression/choose-strength.ts";
import { DenseLoss, type LabelledVectors } from "../../src/math/softmax-regression/loss.ts";
import { argmax } from "../../src/math/softmax.ts";
import { Random } from "../../src/math/random.ts";

interface Fixture {
  vectors: number[][];
  labels: number[];
  fits: { strength: number; coef: number[][]; intercept: number[] }[];
}

// tests/fixtures/generators/regression.py
const file = new URL("../fixtures/regression/logistic.json", import.meta.url);
const fixture = JSON.parse(readFileSync(file, "utf8")) as Fixture;
const data: LabelledVectors = {
  vectors: Float32Array.from(fixture.vectors.flat()),
  labels: Int32Array.from(fixture.labels),
};
const [features, classes] = [8, 4];

let loss: DenseLoss;
beforeAll(async () => {
  loss = await DenseLoss.compile({ features, classes });
});
afterAll(async () => {
  await loss.dispose();
});

describe("DenseLoss", () => {
  it("is log C with zero weights, and its gradient the mean of x (1/C - y)", async () => {
    const two = loss.on({
      vectors: Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0),
      labels: Int32Array.of(0, 3),
    });
    const { value, gradient } = await two.evaluate({
      weights: new Float32Array(32),
      bias: new Float32Array(4),
    });
    expect(value).toBeCloseTo(Math.log(4), 6);
    // First text, feature 0 = 1, class 0: (1/4 - 1) / 2; second, feature 1 = 2, class 3: 2 (1/4 - 1) / 2.
    expect([...gradient.weights.slice(0, 4)]).toEqual([-0.375, 0.125, 0.125, 0.125]);
    expect([...gradient.weights.slice(4, 8)]).toEqual([0.25, 0.25, 0.25, -0.75]);
    // (1/4 - 1 + 1/4) / 2, 1/4, 1/4, likewise.
    expect([...gradient.bias]).toEqual([-0.25, 0.25, 0.25, -0.25]);
  });

  it("has the gradient that finite differences see", async () => {
    const random = new Random("gradient", 1);
    const weights = Float32Array.from({ length: 32 }, () => random.normal());
    const bias = Float32Array.from({ length: 4 }, () => random.normal());
    const objective = loss.on(data);
    const { gradient } = await objective.evaluate({ weights, bias });
    for (const [values, slopes] of [
      [weights, gradient.weights],
      [bias, gradient.bias],
    ] as const) {
      for (let index = 0; index < values.length; index += 5) {
        const here = values[index]!;
        values[index] = here + 0.01;
        const above = await objective.evaluate({ weights, bias });
        values[index] = here - 0.01;
        const below = await objective.evaluate({ weights, bias });
        values[index] = here;
        expect(slopes[index]).toBeCloseTo((above.value - below.value) / 0.02, 3);
      }
    }
  });

  it("refuses labels and vectors that do not fit", () => {
    expect(() => loss.on({ vectors: new Float32Array(8), labels: Int32Array.of(4) })).toThrow(
      RangeError,
    );
    expect(() => loss.on({ vectors: new Float32Array(9), labels: Int32Array.of(0) })).toThrow(
      RangeError,
    );
    expect(() => loss.on({ vectors: new Float32Array(0), labels: Int32Array.of() })).toThrow(
      RangeError,
    );
  });
});

describe("fitSoftmaxRegression", () => {
  it.each(fixture.fits)("finds scikit-learn's coefficients at C = $strength", async (expected) => {
    const fitted = await fitSoftmaxRegression(loss.on(data), {
      strength: expected.strength,
      gradientTolerance: 1e-6,
    });
    expect(fitted.converged).toBe(true);
    // Rounding must not be hunted: 222 evaluations were seen where 91 do.
    expect(fitted.evaluations).toBeLessThan(1.5 * fitted.iterations + 10);
    for (let label = 0; label < classes; label += 1) {
      for (let feature = 0; feature < features; feature += 1) {
        expect(fitted.weights[feature * classes + label]).toBeCloseTo(
          expected.coef[label]![feature]!,
          3,
        );
      }
    }
    // A constant on every bias changes nothing: compared without it.
    const mean = fitted.bias.reduce((sum, value) => sum + value, 0) / classes;
    fitted.bias.forEach((value, label) => {
      expect(value - mean).toBeCloseTo(expected.intercept[label]!, 3);
    });
  });

  it("goes on from a start, and says when it has not converged", async () => {
    const objective = loss.on(data);
    const cold = await fitSoftmaxRegression(objective, { strength: 20 });
    const warm = await fitSoftmaxRegression(objective, { strength: 20, start: cold });
    expect(warm.iterations).toBeLessThan(cold.iterations / 2);
    const never = await fitSoftmaxRegression(objective, { strength: 20, gradientTolerance: 0 });
    expect(never.converged).toBe(false);
  });
});

describe("applyClassifier", () => {
  it("is x W + b", () => {
    // D = 2, C = 2: [1, 2] · [[1, 2], [3, 4]] + [10, 20] = [7, 10] + [10, 20].
    const classifier = { weights: Float32Array.of(1, 2, 3, 4), bias: Float32Array.of(10, 20) };
    expect([...applyClassifier(classifier, Float32Array.of(1, 2, 0, 1))]).toEqual([17, 30, 13, 24]);
  });

  it("gives a text the same bits alone and among any number of others", () => {
    const random = new Random("apply");
    const draw = (length: number): Float32Array =>
      Float32Array.from({ length }, () => random.normal());
    const [features, classes] = [13, 5];
    const classifier = { weights: draw(features * classes), bias: draw(classes) };
    const vectors = draw(17 * features);
    const alone = Array.from({ length: 17 }, (_, text) => [
      ...applyClassifier(classifier, vectors.subarray(text * features, (text + 1) * features)),
    ]).flat();
    // 1 to 17 texts: none, one and two whole groups of eight, with and without texts left over.
    for (let texts = 1; texts <= 17; texts += 1) {
      const together = [...applyClassifier(classifier, vectors.subarray(0, texts * features))];
      expect(together).toEqual(alone.slice(0, texts * classes));
    }
    // Text 6, class 3, by hand in the order of the features.
    let sum = classifier.bias[3]!;
    for (let feature = 0; feature < features; feature += 1)
      sum += classifier.weights[feature * classes + 3]! * vectors[6 * features + feature]!;
    expect(alone[6 * classes + 3]).toBe(Math.fround(sum));
  });
});

describe("chooseStrength", () => {
  it("chooses the lowest cross-entropy among those within a standard error of the best accuracy", async () => {
    const choice = (await chooseStrength(loss, data, { seed: 0 }))!;
    expect(choice.folds).toBe(5);
    expect(choice.scores.map(({ strength }) => strength)).toEqual([...STRENGTHS]);
    const top = Math.max(...choice.scores.map(({ accuracy }) => accuracy));
    const chosen = choice.scores.find(({ strength }) => strength === choice.strength)!;
    const error = Math.sqrt((top * (1 - top)) / data.labels.length);
    expect(chosen.accuracy).toBeGreaterThanOrEqual(top - error);
    for (const { accuracy, logLoss } of choice.scores) {
      if (accuracy >= top - error) expect(chosen.logLoss).toBeLessThanOrEqual(logLoss);
    }
    // Overlapping classes: a quarter would be chance, and nobody is right always.
    expect(top).toBeGreaterThan(0.4);
    expect(top).toBeLessThan(1);
    // The weakest penalty overfits these classes, so neither end of the grid can win.
    expect(choice.strength).toBeLessThan(STRENGTHS.at(-1)!);
  });

  it("of equally accurate strengths takes the most confident one", async () => {
    // Every class has an axis of its own: each strength classifies every held-out text right, and the weaker the
    // penalty, the surer it is.
    const vectors = new Float32Array(40 * features);
    const labels = Int32Array.from({ length: 40 }, (_, text) => text % classes);
    labels.forEach((label, text) => {
      vectors[text * features + label] = 10;
    });
    const choice = (await chooseStrength(loss, { vectors, labels }, { seed: 0 }))!;
    for (const { accuracy } of choice.scores) expect(accuracy).toBe(1);
    expect(choice.strength).toBe(STRENGTHS.at(-1));
  });

  it("judges on held-out texts only: random labels score no better than chance", async () => {
    // 32 texts of 8 numbers are learnt by heart, so that a fit that saw the held-out texts scores far above chance.
    let held = 0;
    let seen = 0;
    for (let draw = 0; draw < 10; draw += 1) {
      const random = new Random("noise", draw);
      const noise = {
        vectors: Float32Array.from({ length: 32 * features }, () => random.normal()),
        labels: Int32Array.from({ length: 32 }, (_, text) => text % classes),
      };
      held += (await chooseStrength(loss, noise, { seed: 1 }))!.scores.at(-1)!.accuracy / 10;
      const fitted = await fitSoftmaxRegression(loss.on(noise), { strength: STRENGTHS.at(-1)! });
      const logits = applyClassifier(fitted, noise.vectors);
      const right = noise.labels.filter((label, text) => {
        return argmax(logits.subarray(text * classes, (text + 1) * classes)) === label;
      });
      seen += right.length / 320;
    }
    // Chance over 320 texts: 0.25 with a deviation of 0.024.
    expect(held).toBeLessThan(0.25 + 4 * 0.024);
    expect(seen).toBeGreaterThan(0.55);
  });

  it("keeps the held-out logits of the chosen strength: their scores are those of the table", async () => {
    const choice = (await chooseStrength(loss, data, { seed: 3 }))!;
    const { texts, logits } = choice.heldOut;
    expect([...texts]).toEqual(Array.from(data.labels, (_, text) => text));
    let right = 0;
    let crossEntropy = 0;
    texts.forEach((text, row) => {
      const own = logits.subarray(row * classes, (row + 1) * classes);
      const label = data.labels[text]!;
      if (argmax(own) === label) right += 1;
      const total = own.reduce((sum, logit) => sum + Math.exp(logit), 0);
      crossEntropy += Math.log(total) - own[label]!;
    });
    const score = choice.scores.find(({ strength }) => strength === choice.strength)!;
    expect(right / texts.length).toBeCloseTo(score.accuracy, 12);
    expect(crossEntropy / texts.length).toBeCloseTo(score.logLoss, 5);
  });

  it("holds out no only text of a class, and takes one strength as it is", async () => {
    // Classes 0 and 1 have two texts each, 2 and 3 one: these stay in every training part.
    const labels = Int32Array.of(2, 0, 1, 0, 3, 1);
    const few = { vectors: data.vectors.slice(0, 6 * features), labels };
    const choice = (await chooseStrength(loss, few, { seed: 0, strengths: [7] }))!;
    expect(choice).toMatchObject({ strength: 7, folds: 2 });
    expect(choice.scores.map(({ strength }) => strength)).toEqual([7]);
    expect([...choice.heldOut.texts]).toEqual([1, 2, 3, 5]);
    expect(choice.heldOut.logits.length).toBe(4 * classes);
  });

  it("gives way where no class has two texts", async () => {
    const single = {
      vectors: data.vectors.slice(0, 4 * features),
      labels: Int32Array.of(0, 1, 2, 3),
    };
    expect(await chooseStrength(loss, single, { seed: 0 })).toBeNull();
  });

  it("stops at the signal", async () => {
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(chooseStrength(loss, data, { seed: 0, signal })).rejects.toThrow("stopped");
  });
});
