import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyCalibration, fitCalibration, type Calibration } from "../../src/math/calibration.ts";
import { fitMixtureWeights } from "../../src/math/mixture-weights.ts";
import { argmax, softmax } from "../../src/math/softmax.ts";

const fixture = JSON.parse(
  await readFile(new URL("../fixtures/calibration/scaling.json", import.meta.url), "utf8"),
) as {
  labels: number[];
  logits: number[][];
  temperature: number;
  both: { temperature: number; bias: number[] };
  members: number[][][];
  weights: number[];
};

const texts = {
  logits: Float32Array.from(fixture.logits.flat()),
  labels: Int32Array.from(fixture.labels),
  classes: 3,
};

async function fit(given: typeof texts, bias = false): Promise<Calibration> {
  const found = await fitCalibration(given, { bias });
  if (typeof found === "string") throw new Error(found);
  return found;
}

describe("fitCalibration", () => {
  it("finds scipy's temperature", async () => {
    const { temperature, bias } = await fit(texts);
    expect(temperature).toBeCloseTo(fixture.temperature, 5);
    expect(bias).toBeNull();
  });

  it("finds scipy's temperature and biases, which sum to 0", async () => {
    const { temperature, bias } = await fit(texts, true);
    expect(temperature).toBeCloseTo(fixture.both.temperature, 4);
    fixture.both.bias.forEach((value, label) => {
      expect(bias![label]).toBeCloseTo(value, 4);
    });
    expect(bias!.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 12);
  });

  it("gives logits that are k times as large a temperature that is k times as high", async () => {
    const { temperature } = await fit(texts);
    for (const k of [1e-3, 0.5, 7, 1e4]) {
      const scaled = { ...texts, logits: texts.logits.map((value) => value * k) };
      expect((await fit(scaled)).temperature / (k * temperature)).toBeCloseTo(1, 5);
    }
  });

  it("says that there is no best temperature where every text is right", async () => {
    const logits = Float32Array.of(2, 0, 0, 3);
    const right = { logits, labels: Int32Array.of(0, 1), classes: 2 };
    expect(await fitCalibration(right, { bias: false })).toBe("all-right");
    // No finite number of either could say what a class without a text is worth.
    expect(await fitCalibration(right, { bias: true })).toBe("all-right");
  });

  it("says so where the gold class's logit is below the mean on average", async () => {
    // Means 1 and 1, gold logits 0 and 2 − 0.5: mean − gold = 1 and −0.5, together above 0.
    const logits = Float32Array.of(2, 0, 0.5, 1.5);
    const wrong = { logits, labels: Int32Array.of(1, 1), classes: 2 };
    expect(await fitCalibration(wrong, { bias: false })).toBe("no-better-than-chance");
  });

  it("keeps the bias of a class without a text finite", async () => {
    const logits = Float32Array.of(1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0);
    const { bias } = await fit({ logits, labels: Int32Array.of(0, 1, 1, 0), classes: 3 }, true);
    expect(bias!.every(Number.isFinite)).toBe(true);
    expect(bias![2]).toBeLessThan(bias![0]!);
  });
});

describe("applyCalibration", () => {
  it("divides by the temperature first and adds the bias then", () => {
    const calibrated = applyCalibration(Float32Array.of(2, 4, -6, 8), {
      temperature: 2,
      bias: Float64Array.of(0.5, -0.5),
    });
    // 2/2 + ½, 4/2 − ½, −6/2 + ½, 8/2 − ½
    expect([...calibrated]).toEqual([1.5, 1.5, -2.5, 3.5]);
  });

  it("changes no prediction by a temperature", () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -50, max: 50, noNaN: true }), { minLength: 2, maxLength: 9 }),
        fc.float({ min: Math.fround(0.01), max: 100, noNaN: true }),
        (row, temperature) => {
          const logits = Float32Array.from(row);
          const after = applyCalibration(logits, { temperature, bias: null });
          // Rounding may make neighbours equal, never swap them.
          expect(after[argmax(logits)]).toBe(Math.max(...after));
        },
      ),
    );
  });
});

describe("fitMixtureWeights", () => {
  const chances = fixture.members.map((rows) =>
    Float64Array.from(rows, (row, text) => softmax(Float32Array.from(row))[fixture.labels[text]!]!),
  );

  it("finds the best weights of a grid of 2,000 steps, to half a step", () => {
    const { weights, gap } = fitMixtureWeights(chances);
    expect(gap).toBeLessThan(1e-9);
    fixture.weights.forEach((weight, member) => {
      expect(Math.abs(weights[member]! - weight)).toBeLessThan(5e-4);
    });
  });

  it("shares evenly between members that each know one half", () => {
    // L(w) = −½ log(0.9 w + 0.1 (1 − w)) − ½ log(0.1 w + 0.9 (1 − w)) is symmetric about ½ and convex.
    const { weights, nll } = fitMixtureWeights([
      Float64Array.of(0.9, 0.1),
      Float64Array.of(0.1, 0.9),
    ]);
    expect([...weights]).toEqual([0.5, 0.5]);
    expect(nll).toBeCloseTo(Math.log(2), 12);
  });

  it("gives nothing to a member that is worse everywhere, and stands chances of 0", () => {
    const { weights } = fitMixtureWeights([Float64Array.of(0.9, 0.8), Float64Array.of(0, 0.1)]);
    expect([...weights]).toEqual([1, 0]);
  });
});
