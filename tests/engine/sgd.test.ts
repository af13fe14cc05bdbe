import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { measureGradients } from "../../src/engine/gradient-clipping.ts";
import { createState, updateParameter } from "../../src/engine/optimizers/optimizer.ts";
import { Sgd } from "../../src/engine/optimizers/sgd.ts";

interface Fixture {
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
  learningRate: number;
  clip: number;
  start: number[];
  gradients: number[][];
  after: number[][];
}

// Written by tests/fixtures/generators/engine_optimizers.py with torch.optim.SGD.
const fixtures = JSON.parse(
  readFileSync(new URL("../fixtures/engine/sgd.json", import.meta.url), "utf8"),
) as Fixture[];

describe("Sgd beside torch.optim.SGD", () => {
  it.each(fixtures)(
    "agrees within 1e-6 of 1 + its size over 20 steps: momentum $momentum, nesterov $nesterov, decay $weightDecay",
    ({ momentum, nesterov, weightDecay, learningRate, clip, start, gradients, after }) => {
      const sgd = new Sgd({ momentum, nesterov });
      const parameter = Float32Array.from(start);
      const state = createState(sgd, parameter.length);
      let clipped = 0;
      gradients.forEach((values, k) => {
        const gradient = Float32Array.from(values);
        const { scale } = measureGradients([["p", gradient]], clip);
        clipped += scale < 1 ? 1 : 0;
        const options = { learningRate, step: k + 1, weightDecay, gradientScale: scale };
        updateParameter(sgd, { parameter, gradient, state }, options);
        after[k]!.forEach((expected, index) => {
          expect(Math.abs(parameter[index]! - expected)).toBeLessThan(
            1e-6 * (1 + Math.abs(expected)),
          );
        });
      });
      expect(gradients.length).toBe(20);
      expect(clipped).toBeGreaterThan(3);
      expect(clipped).toBeLessThan(20);
    },
  );
});

describe("Sgd", () => {
  it("keeps nothing without momentum, and one buffer with it", () => {
    expect(new Sgd({ momentum: 0 }).stateNames).toEqual([]);
    expect(new Sgd({ momentum: 0.9 }).stateNames).toEqual(["momentum_buffer"]);
  });

  it("ends a decaying buffer in zero, not in denormal numbers", () => {
    const sgd = new Sgd({ momentum: 0.5 });
    const [parameter, state] = [Float32Array.of(1), createState(sgd, 1)];
    for (let step = 1; step < 160; step += 1) {
      const gradient = Float32Array.of(step === 1 ? 1 : 0);
      const options = { learningRate: 0.1, step, weightDecay: 0 };
      updateParameter(sgd, { parameter, gradient, state }, options);
    }
    // 0.5¹⁵⁸ = 2.7e-48 lies below float32, and would have stayed at its smallest denormal.
    expect(state[0]![0]).toBe(0);
  });

  it("refuses a momentum of 1", () => {
    expect(() => new Sgd({ momentum: 1 })).toThrow("Expected momentum in [0, 1), got 1.");
  });
});
