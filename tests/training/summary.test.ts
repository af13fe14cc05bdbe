import { describe, expect, it } from "vitest";
import { StepCounter } from "../../src/training/progress.ts";
import { summarizeRuns } from "../../src/training/summary.ts";
import type { TrainedRun } from "../../src/types.ts";

const run = (more: Partial<TrainedRun>): TrainedRun => ({
  variant: "bilstm",
  role: "student",
  kind: "bilstm",
  seed: 0,
  targets: "soft",
  folder: "",
  steps: 3140,
  epochs: 20,
  bestStep: 3140,
  validationScore: 0.9,
  parameters: 1,
  seconds: 1,
  options: {},
  ...more,
});

describe("summarizeRuns", () => {
  it("gives seeds, steps and the mean score of each variant", () => {
    const runs = [
      run({ validationScore: 0.9 }),
      run({ seed: 1, validationScore: 0.92 }),
      run({ variant: "bilstm-hard-label", steps: 400, validationScore: null }),
      run({ variant: "linear-labels", kind: "linear", validationScore: null, steps: 50 }),
      run({ variant: "majority", kind: "majority", validationScore: null, steps: 0 }),
    ];
    expect(summarizeRuns(runs, "teacher")).toBe(
      "5 runs: bilstm 2 seeds × 3,140 steps (agreement 91.0 % on held-out texts), bilstm-hard-label 1 seed × 400 steps, linear-labels, majority",
    );
  });

  it("gives a range where runs stopped at different steps, and accuracy where labels were bought", () => {
    const runs = [run({ steps: 1000 }), run({ steps: 2000 })];
    expect(summarizeRuns(runs, "gold")).toBe(
      "2 runs: bilstm 2 seeds × 1,000–2,000 steps (accuracy 90.0 % on held-out texts)",
    );
  });
});

describe("StepCounter", () => {
  it("sums all jobs, and counts a job that ends early as done", () => {
    const shown: [number, number][] = [];
    const counter = new StepCounter((done, total) => shown.push([done, total]));
    counter.expect("a", 100);
    counter.expect("b", 50);
    counter.advance("a", 30);
    counter.advance("b", 70);
    counter.finish("a");
    expect(shown).toEqual([
      [30, 150],
      [80, 150],
      [150, 150],
    ]);
  });
});
