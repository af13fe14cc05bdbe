import { describe, expect, it } from "vitest";
import { stepCost } from "../../src/training/cost.ts";

// 2 · 3 + 4 = 10 weights.
const parameters = [[2, 3], [4]].map((shape, index) => ({
  ...{ name: `p${index}`, shape },
  initializer: { kind: "zeros" as const },
}));
const set = (rows: number, pieces: number) => ({ folder: "", digest: "", rows, pieces });

describe("stepCost", () => {
  it("is texts of an update × mean pieces × weights", () => {
    // 32 texts of 8 pieces.
    expect(stepCost(parameters, set(100, 800), { batch: 16, accumulate: 2 })).toBe(32 * 8 * 10);
  });

  it("counts no more texts than there are", () => {
    expect(stepCost(parameters, set(20, 160), { batch: 16, accumulate: 2 })).toBe(20 * 8 * 10);
    expect(stepCost(parameters, set(0, 0), { batch: 16, accumulate: 1 })).toBe(0);
  });
});
