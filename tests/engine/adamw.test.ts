import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { measureGradients } from "../../src/engine/gradient-clipping.ts";
import { AdamW } from "../../src/engine/optimizers/adamw.ts";
import {
  createState,
  stateNamesOf,
  updateParameter,
} from "../../src/engine/optimizers/optimizer.ts";
import type { UpdateOptions } from "../../src/engine/optimizers/optimizer.ts";
import { learningRateAt } from "../../src/engine/optimizers/schedules.ts";

// Written by tests/fixtures/generators/engine_adamw.py with PyTorch: 20 clipped steps under a schedule.
const fixture = JSON.parse(
  readFileSync(new URL("../fixtures/engine/adamw.json", import.meta.url), "utf8"),
) as {
  peak: number;
  warmup: number;
  clip: number;
  weightDecay: number;
  decayed: string[];
  start: Record<string, number[]>;
  steps: {
    learningRate: number;
    norm: number;
    gradients: Record<string, number[]>;
    after: Record<string, number[]>;
  }[];
  moments: Record<string, { exp_avg: number[]; exp_avg_sq: number[] }>;
};
const names = Object.keys(fixture.start);
const defaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Largest difference, relative to the largest value of the tensor. */
function worst(got: Float32Array, expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, index) => Math.abs(value - got[index]!))) / scale;
}

describe("AdamW beside torch.optim.AdamW", () => {
  const adamw = new AdamW(defaults);
  const parameters = names.map((name) => Float32Array.from(fixture.start[name]!));
  const moments = parameters.map((parameter) => createState(adamw, parameter.length));
  const largest: number[] = [];
  fixture.steps.forEach((step, k) => {
    const gradients = names.map((name) => Float32Array.from(step.gradients[name]!));
    const { norm, scale } = measureGradients(
      names.map((name, index) => [name, gradients[index]!]),
      fixture.clip,
    );
    const schedule = {
      kind: "linear" as const,
      peak: fixture.peak,
      steps: fixture.steps.length,
      warmup: fixture.warmup,
    };
    names.forEach((name, index) => {
      const arrays = {
        parameter: parameters[index]!,
        gradient: gradients[index]!,
        state: moments[index]!,
      };
      updateParameter(adamw, arrays, {
        learningRate: learningRateAt(k, schedule),
        step: k + 1,
        weightDecay: fixture.decayed.includes(name) ? fixture.weightDecay : 0,
        gradientScale: scale,
      });
      largest.push(worst(parameters[index]!, step.after[name]!));
    });
    largest.push(Math.abs(norm / step.norm - 1));
  });

  it("agrees in every step's parameters and gradient norm within 1e-6", () => {
    expect(fixture.steps.length).toBe(20);
    expect(largest.length).toBe(20 * 4);
    expect(Math.max(...largest)).toBeLessThan(1e-6);
  });

  it("agrees in the moments that it ends with", () => {
    names.forEach((name, index) => {
      const { exp_avg, exp_avg_sq } = fixture.moments[name]!;
      expect(worst(moments[index]![0]!, exp_avg)).toBeLessThan(1e-6);
      expect(worst(moments[index]![1]!, exp_avg_sq)).toBeLessThan(1e-6);
    });
  });

  it("was put to a test: clipping on in some steps and off in others, parameters moved", () => {
    const clipped = fixture.steps.filter(({ norm }) => norm > fixture.clip).length;
    expect(clipped).toBeGreaterThan(5);
    expect(clipped).toBeLessThan(20);
    const last = fixture.steps.at(-1)!.after;
    for (const name of names) {
      expect(Math.abs(last[name]![0]! - fixture.start[name]![0]!)).toBeGreaterThan(0.01);
    }
  });
});

describe("AdamW by hand", () => {
  const update = (options: Partial<UpdateOptions>, gradient = 3): number => {
    const parameter = Float32Array.of(2);
    const adamw = new AdamW(defaults);
    updateParameter(
      adamw,
      { parameter, gradient: Float32Array.of(gradient), state: createState(adamw, 1) },
      { learningRate: 0.1, step: 1, weightDecay: 0, ...options },
    );
    return parameter[0]!;
  };

  // Step 1: m/c1 = g and v/c2 = g², so the parameter moves by the learning rate times the gradient's sign.
  it("moves by the learning rate in step 1, whatever the gradient's size", () => {
    expect(update({})).toBeCloseTo(1.9, 6);
    expect(update({}, -0.001)).toBeCloseTo(2.1, 5);
    expect(update({ gradientScale: 0.01 })).toBeCloseTo(1.9, 6);
  });

  // Decoupled: 2 · (1 - 0.1 · 0.5) - 0.1 = 1.8; as L2 inside the gradient it would still be 1.9.
  it("decays the parameter, not the gradient", () => {
    expect(update({ weightDecay: 0.5 })).toBeCloseTo(1.8, 6);
  });

  // m = 0.1·3 = 0.3, v = 0.001·9: step 10 corrects by c1 = 1 - 0.9¹⁰ = 0.6513216, c2 = 1 - 0.999¹⁰ = 0.0099551;
  // 0.1 · (0.3/0.6513216) / √(0.009/0.0099551) = 0.0484426.
  it("corrects the bias by the step's number", () => {
    expect(update({ step: 10 })).toBeCloseTo(2 - 0.0484426, 6);
  });

  // g = epsilon = 1e-8 in step 1: 0.1 · g / (g + ε) = 0.05. With ε added before the bias correction it would be 0.1 · 0.03.
  it("adds epsilon after the bias correction", () => {
    expect(update({}, 1e-8)).toBeCloseTo(1.95, 6);
  });

  it("leaves all but the moments alone at learning rate 0", () => {
    expect(update({ learningRate: 0, weightDecay: 0.5 })).toBe(2);
  });
});

describe("AdamW, edges", () => {
  it("ends decaying moments in zero, not in denormal numbers", () => {
    const adamw = new AdamW({ ...defaults, beta1: 0.5, beta2: 0.5 });
    const [parameter, state] = [Float32Array.of(1), createState(adamw, 1)];
    const options = { learningRate: 0.1, weightDecay: 0 };
    const update = (gradient: number, step: number): void => {
      const arrays = { parameter, gradient: Float32Array.of(gradient), state };
      updateParameter(adamw, arrays, { ...options, step });
    };
    update(1, 1);
    const seen: number[] = [];
    for (let step = 2; step < 160; step += 1) {
      update(0, step);
      seen.push(...state.map((moment) => moment[0]!));
    }
    // 0.5¹⁵⁹ = 1.4e-48 lies below float32; on the way there is 1e-44, a denormal.
    expect(seen.filter((value) => value !== 0 && value < 2 ** -126)).toEqual([]);
    expect(Math.min(...seen.filter((value) => value !== 0))).toBeLessThan(1e-36);
    expect(state.map((moment) => moment[0])).toEqual([0, 0]);
  });

  it("keeps a negative first moment, flushing only what is tiny", () => {
    const adamw = new AdamW(defaults);
    const state = createState(adamw, 2);
    const gradient = Float32Array.of(-1, -1e-38);
    const options = { learningRate: 0.1, step: 1, weightDecay: 0 };
    updateParameter(adamw, { parameter: Float32Array.of(1, 1), gradient, state }, options);
    expect(state[0]![0]).toBeCloseTo(-0.1, 6);
    expect(state[0]![1]).toBe(0);
  });

  it("refuses arrays of different lengths, a step of 0, and options out of range", () => {
    const adamw = new AdamW(defaults);
    const parameter = new Float32Array(2);
    const state = createState(adamw, 2);
    const options = { learningRate: 0.1, step: 1, weightDecay: 0 };
    expect(() => {
      updateParameter(adamw, { parameter, gradient: new Float32Array(3), state }, options);
    }).toThrow("Expected a gradient and 2 arrays of state of 2 elements as the parameter has, got");
    expect(() => {
      updateParameter(adamw, { parameter, gradient: parameter, state: [] }, options);
    }).toThrow("2 arrays of state");
    expect(() => adamw.prepare({ ...options, step: 0 })).toThrow(
      "Expected the number of this update, counted from 1, got 0.",
    );
    expect(() => new AdamW({ ...defaults, beta2: 1 })).toThrow("Expected beta2 in [0, 1), got 1.");
  });

  it("names moments as PyTorch does", () => {
    expect(stateNamesOf(new AdamW(defaults), "a.weight")).toEqual([
      "a.weight.exp_avg",
      "a.weight.exp_avg_sq",
    ]);
  });
});
