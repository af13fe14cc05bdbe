import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { splitFold, stratifiedFolds } from "../../src/math/folds.ts";

describe("stratifiedFolds", () => {
  it("deals 10 texts of each of 4 classes to 5 folds: 2 of each class in each", () => {
    const labels = Array.from({ length: 40 }, (_, item) => item % 4);
    const assigned = stratifiedFolds(labels, 5, 0);
    for (let fold = 0; fold < 5; fold += 1) {
      const held = splitFold(assigned, fold).heldOut.map((item) => labels[item]!);
      expect(held.sort()).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    }
  });

  it("keeps every class in every training part, and folds within one text of each other", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 2, max: 7 }),
        fc.nat(),
        (labels, folds, seed) => {
          const assigned = stratifiedFolds(labels, folds, seed);
          const classes = new Set(labels);
          const sizes = Array.from({ length: folds }, (_, fold) => {
            const { training, heldOut } = splitFold(assigned, fold);
            expect(new Set(training.map((item) => labels[item]))).toEqual(classes);
            expect(training.length + heldOut.length).toBe(labels.length);
            return heldOut.length;
          });
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it("never holds out the only text of a class", () => {
    const assigned = stratifiedFolds([0, 0, 0, 1], 3, 5);
    expect(assigned[3]).toBe(-1);
    expect([...assigned.slice(0, 3)].sort()).toEqual([0, 1, 2]);
  });

  it("draws the same folds from the same seed, others from another", () => {
    const labels = Array.from({ length: 60 }, (_, item) => item % 3);
    expect(stratifiedFolds(labels, 5, 7)).toEqual(stratifiedFolds(labels, 5, 7));
    expect(stratifiedFolds(labels, 5, 7)).not.toEqual(stratifiedFolds(labels, 5, 8));
    expect(() => stratifiedFolds(labels, 1, 0)).toThrow(RangeError);
  });
});
