import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  differences,
  gapClosed,
  summarize,
  type MeasuredSystem,
} from "../../src/evaluation/compare.ts";
import { predictedClasses } from "../../src/evaluation/metrics/probabilities.ts";
import { judge, measure, type Outcome } from "../../src/evaluation/outcome.ts";
import { percentileInterval, quantile, type Interval } from "../../src/evaluation/percentile.ts";
import { resampleMeasures, type ResampledMeasures } from "../../src/evaluation/resample.ts";
import { MEASURES, type Measure } from "../../src/evaluation/scores.ts";

interface Fixture {
  classes: number;
  gold: number[];
  logits: Record<"teacher" | "student" | "control", number[][]>;
  draws: number[][];
  intervals: Record<string, Record<string, Interval>>;
  studentMinusControl: Record<string, Interval>;
  gapClosed: Interval;
  binomial: { texts: number; correct: number; low: number; high: number };
}

// Written by tests/fixtures/generators/evaluation.py with NumPy and scikit-learn.
const fixture = JSON.parse(
  readFileSync(new URL("../fixtures/evaluation/bootstrap.json", import.meta.url), "utf8"),
) as Fixture;

const NAMES = ["teacher", "student", "control"] as const;
const WITH_INTERVAL = MEASURES.filter((name) => name !== "auc");

async function measureFixture(): Promise<Record<(typeof NAMES)[number], MeasuredSystem>> {
  const { classes } = fixture;
  const gold = Int32Array.from(fixture.gold);
  const guesses = predictedClasses(Float32Array.from(fixture.logits.teacher[0]!), classes);
  const outcomes = NAMES.map((name) =>
    fixture.logits[name].map((z) =>
      judge(Float32Array.from(z), { classes, gold, teacher: guesses }),
    ),
  );
  let resample = 0;
  const resamples = await resampleMeasures(outcomes, {
    resamples: fixture.draws.length,
    seed: 0,
    draw: (counts) => {
      for (const text of fixture.draws[resample]!) counts[text]! += 1;
      resample += 1;
    },
  });
  const systems = outcomes.map((seeds, index) => ({
    seeds: seeds.map(measure),
    resamples: resamples[index]!,
  }));
  const [teacher, student, control] = systems;
  return { teacher: teacher!, student: student!, control: control! };
}

function expectInterval(got: Interval | null, expected: Interval): void {
  expect(got?.value).toBeCloseTo(expected.value, 10);
  expect(got?.low).toBeCloseTo(expected.low!, 10);
  expect(got?.high).toBeCloseTo(expected.high!, 10);
}

describe("intervals over given resamples equal NumPy's", async () => {
  const systems = await measureFixture();

  it.each(NAMES)("%s, means over its seeds", (name) => {
    const summary = summarize(systems[name], 0.95);
    for (const key of WITH_INTERVAL) expectInterval(summary[key], fixture.intervals[name]![key]!);
  });

  it("student minus control, resample by resample", () => {
    const got = differences(systems.student, systems.control, 0.95);
    for (const key of WITH_INTERVAL) expectInterval(got[key], fixture.studentMinusControl[key]!);
  });

  it("gap closed", () => {
    expectInterval(gapClosed(systems, 0.95) as Interval, fixture.gapClosed);
  });

  it("AUC of more than two classes has a value and no interval", () => {
    expect(summarize(systems.student, 0.95).auc).toMatchObject({ low: null, high: null });
  });
});

describe("resamples", () => {
  it("of an accuracy follow the binomial distribution", async () => {
    const { texts, correct, low, high } = fixture.binomial;
    const system = judgeRight(texts, (text) => text < correct);
    const [resampled] = await resampleMeasures([[system]], { resamples: 10_000, seed: 0 });
    const got = percentileInterval(correct / texts, resampled!.accuracy!, 0.95);
    // 10,000 resamples place a 2.5 % quantile within a few of 3,080 texts (its standard error is about 0.5 texts).
    expect(Math.abs(got.low! - low) * texts).toBeLessThanOrEqual(2);
    expect(Math.abs(got.high! - high) * texts).toBeLessThanOrEqual(2);
  });

  it("are the same for all systems: equal systems never differ", async () => {
    const systems = [
      judgeRight(60, (text) => text % 3 > 0),
      judgeRight(60, (text) => text % 3 > 0),
    ];
    const [a, b] = await resampleMeasures(
      systems.map((one) => [one]),
      { resamples: 200, seed: 3 },
    );
    expect(a).toEqual(b);
    expect(new Set(a!.accuracy).size).toBeGreaterThan(5);
  });

  it("are narrow for a difference of systems that fail on the same texts", async () => {
    // Both miss texts 0–29; the second misses 30 and 31 too. Unpaired, the deviation would be √(2·0.2) ÷ … ≈ 0.04;
    // paired it is that of 2 texts of 200, √(0.01·0.99 ÷ 200) = 0.007, so the interval is at most ±0.02 wide.
    const systems = [judgeRight(200, (text) => text >= 30), judgeRight(200, (text) => text >= 32)];
    const [a, b] = await resampleMeasures(
      systems.map((one) => [one]),
      { resamples: 2000, seed: 1 },
    );
    const { accuracy } = differences(measured(systems[0]!, a!), measured(systems[1]!, b!), 0.95);
    expect(accuracy!.value).toBeCloseTo(0.01, 12);
    expect(accuracy!.low).toBe(0);
    expect(accuracy!.high).toBeLessThan(0.03);
  });

  it("repeat with their seed and change with it", async () => {
    const system = [judgeRight(40, (text) => text % 2 === 0)];
    const draw = async (seed: number) =>
      (await resampleMeasures([system], { resamples: 50, seed }))[0]!.accuracy!;
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });

  it("stop when asked to", async () => {
    const controller = new AbortController();
    const running = resampleMeasures([[judgeRight(10, () => true)]], {
      resamples: 100_000,
      seed: 0,
      signal: controller.signal,
      onProgress: () => {
        controller.abort();
      },
    });
    await expect(running).rejects.toThrow("aborted");
  });

  it("have an AUC for two classes", async () => {
    const gold = Int32Array.from({ length: 80 }, (_, text) => text % 2);
    const logits = Float32Array.from({ length: 160 }, (_, index) =>
      index % 2 === 0 ? 0 : gold[(index - 1) / 2]! + Math.sin(index * 7),
    );
    const outcome = judge(logits, { classes: 2, gold, teacher: gold });
    const [resampled] = await resampleMeasures([[outcome]], { resamples: 500, seed: 0 });
    const interval = percentileInterval(measure(outcome).auc!, resampled!.auc!, 0.95);
    expect(interval.low).toBeGreaterThan(0.5);
    expect(interval.low).toBeLessThan(interval.value);
    expect(interval.high).toBeGreaterThan(interval.value);
  });
});

describe("gap closed", () => {
  const system = (accuracy: number, samples: number[]): MeasuredSystem => ({
    seeds: [{ ...empty(null), accuracy }],
    resamples: { ...empty(null), accuracy: Float64Array.from(samples) },
  });

  it("is the share of the way from control to teacher", () => {
    const got = gapClosed(
      {
        teacher: system(0.9, [0.9, 0.9]),
        student: system(0.85, [0.85, 0.85]),
        control: system(0.7, [0.7, 0.7]),
      },
      0.95,
    );
    expect(got.value).toBeCloseTo(0.75, 12); // 0.15 ÷ 0.20
  });

  it("is null, with the reason, where the teacher may be no better than the control", () => {
    const got = gapClosed(
      {
        teacher: system(0.7, [0.68, 0.72]),
        student: system(0.72, [0.7, 0.74]),
        control: system(0.7, [0.7, 0.7]),
      },
      0.95,
    );
    expect(got.value).toBeNull();
    expect("reason" in got && got.reason).toContain("cannot be told apart");
  });

  it("is null without a control", () => {
    const student = system(0.8, [0.8]);
    const got = gapClosed({ teacher: student, student, control: null }, 0.95);
    expect("reason" in got && got.reason).toContain("no hard-label control");
  });
});

describe("quantile", () => {
  it("is linear between order statistics, as numpy's", () => {
    // Position 0.25 · 3 = 0.75 between 1 and 2.
    expect(quantile(Float64Array.of(1, 2, 3, 4), 0.25)).toBe(1.75);
    expect(quantile(Float64Array.of(5), 0.9)).toBe(5);
  });
});

/** A system of two classes that is right on some texts. */
function judgeRight(texts: number, right: (text: number) => boolean): Outcome {
  const gold = Int32Array.from({ length: texts }, (_, text) => text % 2);
  const logits = Float32Array.from({ length: 2 * texts }, (_, index) => {
    const text = Math.floor(index / 2);
    const chosen = right(text) ? gold[text] : 1 - gold[text]!;
    return index % 2 === chosen ? 2 : 0;
  });
  return judge(logits, { classes: 2, gold, teacher: gold });
}

function measured(outcome: Outcome, resamples: ResampledMeasures): MeasuredSystem {
  return { seeds: [measure(outcome)], resamples };
}

function empty<Value>(value: Value): Record<Measure, Value> {
  return Object.fromEntries(MEASURES.map((name) => [name, value])) as Record<Measure, Value>;
}
