import { describe, expect, it } from "vitest";
import { minimize, type Objective } from "../../src/math/lbfgs.ts";
import { searchLine } from "../../src/math/line-search.ts";

/** Rosenbrock's valley, minimum 0 at (1, 1). */
const rosenbrock: Objective = (x, gradient) => {
  const [a, b] = [x[0]!, x[1]!];
  gradient[0] = -2 * (1 - a) - 400 * a * (b - a * a);
  gradient[1] = 200 * (b - a * a);
  return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
};

/** Σ kᵢ (xᵢ - i)² / 2 with curvatures from 1 to 10,000: minimum 0 at (0, 1, 2, …). */
const bowl: Objective = (x, gradient) => {
  let value = 0;
  x.forEach((entry, index) => {
    const curvature = 10 ** ((4 * index) / (x.length - 1));
    gradient[index] = curvature * (entry - index);
    value += 0.5 * curvature * (entry - index) ** 2;
  });
  return value;
};

describe("minimize", () => {
  it("finds the bottom of Rosenbrock's valley from the usual start", async () => {
    const { x, value, converged, iterations } = await minimize(
      rosenbrock,
      Float64Array.of(-1.2, 1),
      {
        gradientTolerance: 1e-8,
        noise: 1e-14,
      },
    );
    expect(converged).toBe(true);
    expect(value).toBeLessThan(1e-14);
    expect(x[0]).toBeCloseTo(1, 7);
    expect(x[1]).toBeCloseTo(1, 7);
    // Steepest descent needs thousands; L-BFGS is known to need 30 to 50 here.
    expect(iterations).toBeLessThan(60);
  });

  it("learns the curvature of a narrow bowl, with an asynchronous objective", async () => {
    const objective: Objective = (x, gradient) => Promise.resolve(bowl(x, gradient));
    const { x, converged, iterations } = await minimize(objective, new Float64Array(12), {
      gradientTolerance: 1e-7,
    });
    expect(converged).toBe(true);
    x.forEach((entry, index) => {
      expect(entry).toBeCloseTo(index, 6);
    });
    // SciPy 1.17's L-BFGS-B (maxcor 10, gtol 1e-7) takes 183 on the same bowl; no more than a tenth worse.
    expect(iterations).toBeLessThan(200);
  });

  it("leaves the start untouched and is done at once where it is the minimum", async () => {
    const start = Float64Array.of(1, 1);
    const { iterations, evaluations, converged } = await minimize(rosenbrock, start);
    expect([iterations, evaluations, converged]).toEqual([0, 1, true]);
    const elsewhere = Float64Array.of(-1.2, 1);
    await minimize(rosenbrock, elsewhere);
    expect([...elsewhere]).toEqual([-1.2, 1]);
  });

  it("says that it has not converged when the iterations run out", async () => {
    const { converged, iterations, gradientSize } = await minimize(
      rosenbrock,
      Float64Array.of(-1.2, 1),
      {
        maxIterations: 3,
      },
    );
    expect([converged, iterations]).toEqual([false, 3]);
    expect(gradientSize).toBeGreaterThan(1e-5);
  });

  it("ends without a claim when rounding hides every decrease", async () => {
    // The slope promises a descent that the values never show.
    const liar: Objective = (_, gradient) => {
      gradient.fill(1);
      return 1;
    };
    const { converged } = await minimize(liar, Float64Array.of(0), { noise: 0 });
    expect(converged).toBe(false);
  });

  it("throws the reason of an aborted signal, and what the objective throws", async () => {
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(minimize(rosenbrock, Float64Array.of(0, 0), { signal })).rejects.toThrow(
      "stopped",
    );
    const broken: Objective = () => Promise.reject(new Error("broken"));
    await expect(minimize(broken, Float64Array.of(0))).rejects.toThrow("broken");
    await expect(minimize(() => NaN, Float64Array.of(0))).rejects.toThrow(RangeError);
  });
});

describe("searchLine", () => {
  it("accepts only steps that meet the strong Wolfe conditions", async () => {
    const evaluate = async (x: Float64Array<ArrayBuffer>) => {
      const gradient = new Float64Array(2);
      return { x, gradient, value: await rosenbrock(x, gradient) };
    };
    const from = await evaluate(Float64Array.of(-1.2, 1));
    const direction = from.gradient.map((entry) => -entry);
    const slope = -from.gradient.reduce((sum, entry) => sum + entry * entry, 0);
    // From far too short to far too long.
    for (const first of [1e-9, 1e-3, 1, 100]) {
      const found = (await searchLine(evaluate, from, direction, first, 0))!;
      const step = (found.x[0]! - from.x[0]!) / direction[0]!;
      const slopeThere = found.gradient.reduce(
        (sum, entry, index) => sum + entry * direction[index]!,
        0,
      );
      expect(found.value).toBeLessThanOrEqual(from.value + 1e-4 * step * slope);
      expect(Math.abs(slopeThere)).toBeLessThanOrEqual(0.9 * Math.abs(slope));
    }
    expect(await searchLine(evaluate, from, from.gradient, 1, 0)).toBeNull();
  });
});
