import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mergeSingletons } from "../../src/controls/sparse-rows.ts";
import { fitSoftmaxRegression } from "../../src/controls/sparse-softmax-regression.ts";
import { Tfidf } from "../../src/controls/tfidf.ts";

interface Fixture {
  texts: string[];
  labels: number[];
  soft: number[][];
  models: {
    strength: number;
    targets: "labels" | "probabilities";
    weights: Record<string, number[]>;
    bias: number[];
  }[];
}

// scikit-learn's LogisticRegression; generator: tests/fixtures/generators/linear_control.py
const fixture = JSON.parse(
  readFileSync(new URL("../fixtures/controls/linear.json", import.meta.url), "utf8"),
) as Fixture;
const CLASSES = 3;
const tfidf = Tfidf.fit(fixture.texts);
const rows = tfidf.transform(fixture.texts);
const problem = {
  rows,
  classes: CLASSES,
  items: fixture.texts.map((_, row) => row),
};
const soft = { probabilities: Float32Array.from(fixture.soft.flat()) };

describe("fitSoftmaxRegression", () => {
  it.each(fixture.models)(
    "finds scikit-learn's coefficients: C = $strength, $targets",
    async (model) => {
      const targets = model.targets === "labels" ? { labels: fixture.labels } : soft;
      const options = { strength: model.strength, tolerance: 1e-7, maxIterations: 2000 };
      const { weights } = await fitSoftmaxRegression({ ...problem, targets }, options);
      for (const [column, term] of tfidf.terms.entries()) {
        for (let index = 0; index < CLASSES; index += 1) {
          expect(weights[column * CLASSES + index]).toBeCloseTo(model.weights[term]![index]!, 4);
        }
      }
      const bias = weights.subarray(rows.width * CLASSES);
      for (let index = 0; index < CLASSES; index += 1)
        expect(bias[index]).toBeCloseTo(model.bias[index]!, 4);
    },
  );

  it("finds the same model over merged columns", async () => {
    const options = { strength: 20, tolerance: 1e-7, maxIterations: 2000 };
    const merged = mergeSingletons(rows);
    expect(merged.rows.width).toBeLessThan(rows.width / 2);
    const targets = { labels: fixture.labels };
    const plain = await fitSoftmaxRegression({ ...problem, targets }, options);
    const small = await fitSoftmaxRegression({ ...problem, targets, rows: merged.rows }, options);
    const expanded = merged.expand(small.weights, CLASSES);
    for (const [place, weight] of expanded.entries())
      expect(weight).toBeCloseTo(plain.weights[place]!, 4);
  });

  it("learns from the rows that it is given alone", async () => {
    const items = [0, 1, 2, 3, 4, 5];
    const options = { strength: 5, tolerance: 1e-7, maxIterations: 2000 };
    const labels = [...fixture.labels];
    const { weights } = await fitSoftmaxRegression(
      { ...problem, items, targets: { labels } },
      options,
    );
    const changed = labels.map((label, row) => (row < 6 ? label : (label + 1) % CLASSES));
    const other = await fitSoftmaxRegression(
      { ...problem, items, targets: { labels: changed } },
      options,
    );
    expect(other.weights).toEqual(weights);
  });

  it("stops when asked to", async () => {
    const stop = new AbortController();
    const started = fitSoftmaxRegression(
      { ...problem, targets: soft },
      { strength: 20, tolerance: 0, maxIterations: 100_000, signal: stop.signal },
    );
    setImmediate(() => {
      stop.abort(new Error("enough"));
    });
    await expect(started).rejects.toThrow("enough");
  });
});
