import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { areaUnderCurve } from "../../src/evaluation/metrics/auc.ts";
import { confidenceBins, reliabilityBins } from "../../src/evaluation/metrics/calibration.ts";
import {
  classMeasures,
  countClasses,
  macroMeasures,
} from "../../src/evaluation/metrics/classification.ts";
import {
  largestProbabilities,
  predictedClasses,
} from "../../src/evaluation/metrics/probabilities.ts";
import { judge, measure } from "../../src/evaluation/outcome.ts";
import { MEASURES, type MeasureValues } from "../../src/evaluation/scores.ts";

interface Case {
  name: string;
  classes: number;
  gold: number[];
  teacher: number[];
  logits: number[];
  expected: MeasureValues;
  perClass: { precision: number[]; recall: number[]; f1: number[] };
}

// Written by tests/fixtures/generators/evaluation.py with scikit-learn.
const cases = JSON.parse(
  readFileSync(new URL("../fixtures/evaluation/metrics.json", import.meta.url), "utf8"),
) as Case[];

describe.each(cases)("measures equal scikit-learn's: $name", (given) => {
  const gold = Int32Array.from(given.gold);
  const logits = Float32Array.from(given.logits);
  const outcome = judge(logits, {
    classes: given.classes,
    gold,
    teacher: Int32Array.from(given.teacher),
  });

  it.each(MEASURES)("%s", (name) => {
    const expected = given.expected[name];
    const got = measure(outcome)[name];
    if (expected === null) expect(got).toBeNull();
    else expect(got).toBeCloseTo(expected, 10);
  });

  it("precision, recall and F1 of each class", () => {
    const counts = countClasses(gold, predictedClasses(logits, given.classes), given.classes);
    const got = classMeasures(counts);
    for (const name of ["precision", "recall", "f1"] as const) {
      for (let label = 0; label < given.classes; label += 1) {
        expect(got[name][label]).toBeCloseTo(given.perClass[name][label]!, 12);
      }
    }
  });
});

describe("macro means", () => {
  it("weigh a rare class as much as a common one", () => {
    // Class 0: 8 texts, all right. Class 1: 2 texts, both taken for class 0.
    // F1 of 0 = 2·8 ÷ (8 + 10) = 8/9, of 1 = 0; mean 4/9. Micro would be 0.8.
    const gold = Int32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 1);
    const { macroF1, macroPrecision, macroRecall } = macroMeasures(
      countClasses(gold, new Int32Array(10), 2),
    );
    expect(macroF1).toBeCloseTo(4 / 9, 12);
    expect(macroPrecision).toBeCloseTo(0.4, 12); // (8/10 + 0) ÷ 2
    expect(macroRecall).toBeCloseTo(0.5, 12);
  });
});

describe("area under the curve", () => {
  it("counts ties half", () => {
    // Positives score 2 and 1, negatives 1 and 0: of 4 pairs 3 are won, one is tied: 3.5 ÷ 4.
    expect(areaUnderCurve(Float64Array.of(2, 1, 1, 0), Uint8Array.of(1, 1, 0, 0))).toBe(0.875);
    expect(areaUnderCurve(Float64Array.of(1, 1, 1), Uint8Array.of(1, 0, 0))).toBe(0.5);
  });

  it("is undefined without a negative text", () => {
    expect(areaUnderCurve(Float64Array.of(1, 2), Uint8Array.of(1, 1))).toBeNull();
  });
});

describe("calibration bins", () => {
  it("own their upper edge", () => {
    // Two classes at equal logits: confidence 1/2, in (7/15, 8/15], index 7. Certainty lies in the last bin.
    const confidence = largestProbabilities(Float32Array.of(1, 1, 200, 0), 2);
    const bin = confidenceBins(confidence);
    expect([...bin]).toEqual([7, 14]);
    // Three equal logits: 1/3 = 5/15, the upper edge of index 4.
    expect(confidenceBins(largestProbabilities(new Float32Array(3), 3))[0]).toBe(4);
    const bins = reliabilityBins(confidence, bin, Uint8Array.of(1, 0));
    expect(bins[7]).toMatchObject({ texts: 1, confidence: 0.5, accuracy: 1 });
    expect(bins[14]).toMatchObject({ texts: 1, confidence: 1, accuracy: 0 });
    expect(bins[0]).toMatchObject({ texts: 0, confidence: null, accuracy: null });
  });
});

describe("without gold labels", () => {
  it("only agreement is measured", () => {
    const outcome = judge(Float32Array.of(2, 1, 0, 3), {
      classes: 2,
      gold: null,
      teacher: Int32Array.of(0, 0),
    });
    const values = measure(outcome);
    expect(values.agreement).toBe(0.5);
    expect(MEASURES.filter((name) => values[name] !== null)).toEqual(["agreement"]);
  });
});
