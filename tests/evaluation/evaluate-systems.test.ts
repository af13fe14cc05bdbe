import { describe, expect, it } from "vitest";
import { evaluateSystems, type EvaluationOptions } from "../../src/evaluation/evaluate-systems.ts";
import { exportedRun } from "../../src/evaluation/exported-seed.ts";
import { listSystems } from "../../src/evaluation/systems.ts";
import { recipeSchema } from "../../src/recipe/schema.ts";
import type { TextRow, TrainedRun } from "../../src/types.ts";

const CLASSES = ["a", "b"];

/** Texts whose gold label alternates. */
function makeTexts(count: number): TextRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index.toString(16).padStart(32, "0"),
    text: `text ${index}`,
    label: CLASSES[index % 2]!,
  }));
}

/** Logits of a system that is right where it is told to be. */
function answer(count: number, right: (text: number) => boolean): Float32Array {
  return Float32Array.from({ length: 2 * count }, (_, index) => {
    const text = Math.floor(index / 2);
    const chosen = right(text) ? text % 2 : 1 - (text % 2);
    return index % 2 === chosen ? 3 : 0;
  });
}

function makeRun(variant: string, seed: number, validationScore: number | null = null): TrainedRun {
  const student = !variant.includes("-");
  return {
    ...{ variant, seed, validationScore },
    role: student ? "student" : "control",
    kind: variant.startsWith("linear") ? "linear" : "bilstm",
    targets: student ? "soft" : "hard-labels",
    folder: `${variant}/seed-${seed}`,
    ...{ steps: 1, epochs: 1, bestStep: 1, parameters: 10, seconds: 1, options: {} },
  };
}

function makeOptions(
  texts: readonly TextRow[],
  logits: Record<string, Float32Array>,
  runs: readonly TrainedRun[],
): EvaluationOptions {
  const parsed = recipeSchema.parse({
    data: { source: "x" },
    teacher: { kind: "t" },
    evaluate: { resamples: 200 },
  });
  return {
    sources: {
      testTexts: () => Promise.resolve(texts),
      teacherAnswers: () =>
        Promise.resolve({
          logits: logits["teacher"]!,
          missing: new Int32Array(),
          uncalibrated: null,
        }),
      systemLogits: (run) => Promise.resolve(logits[`${run.variant}/${run.seed}`]!),
    },
    classes: CLASSES,
    teacherKind: "encoder-head",
    runs,
    recipe: {
      evaluate: parsed.evaluate,
      student: [{ kind: "bilstm", name: "bilstm", embedding: { size: 8, init: "teacher" } }],
    },
    signal: new AbortController().signal,
    onProgress: () => undefined,
  };
}

describe("a student of two seeds, its control and its teacher", async () => {
  const texts = makeTexts(100);
  // Right: teacher on 90, student seeds on 80 and 84, control seeds on 50 and 60.
  const logits = {
    teacher: answer(100, (text) => text < 90),
    "bilstm/0": answer(100, (text) => text < 80),
    "bilstm/1": answer(100, (text) => text < 84),
    "bilstm-hard-label/0": answer(100, (text) => text < 50),
    "bilstm-hard-label/1": answer(100, (text) => text >= 40),
    "linear-labels/0": answer(100, (text) => text < 55),
  };
  const runs = [
    makeRun("linear-labels", 0),
    makeRun("bilstm-hard-label", 0),
    makeRun("bilstm-hard-label", 1),
    makeRun("bilstm", 1, 0.9),
    makeRun("bilstm", 0, 0.8),
  ];
  const { scores, ids, predictions } = await evaluateSystems(makeOptions(texts, logits, runs));
  const system = (name: string) => scores.systems.find((one) => one.name === name)!;

  it("are shown in a fixed order", () => {
    expect(scores.systems.map(({ name }) => name)).toEqual([
      "teacher",
      "bilstm",
      "bilstm-hard-label",
      "linear-labels",
    ]);
  });

  it("score the mean over their seeds, with the deviation beside it", () => {
    const { accuracy } = system("bilstm").measures;
    expect(accuracy!.value).toBeCloseTo(0.82, 12);
    // Sample deviation of 0.80 and 0.84: √(2 · 0.02² ÷ 1).
    expect(accuracy!.deviation).toBeCloseTo(Math.sqrt(2 * 0.02 ** 2), 12);
    expect(system("teacher").measures.accuracy).toMatchObject({ value: 0.9, deviation: null });
  });

  it("agree with the teacher where both say the same, right or wrong", () => {
    // Seed 0 differs from the teacher on texts 80–89.
    expect(system("bilstm").seeds[0]!.measures.agreement).toBeCloseTo(0.9, 12);
    expect(system("teacher").measures.agreement!.value).toBe(1);
  });

  it("are tested pair by pair: the exported seed against the control of the same seed", () => {
    const [comparison] = scores.comparisons;
    // Seed 1 has the best validation score. Student right on 0–83, control on 40–99: alone right on 40 and on 16 texts.
    // Against seed 0 of the control (right on 0–49) it would be 34 and 0.
    expect(comparison!.mcnemar).toMatchObject({ seed: 1, studentOnly: 40, controlOnly: 16 });
    expect(comparison!.mcnemar!.pValue).toBeCloseTo(0.0018, 3);
  });

  it("have closed a share of the gap", () => {
    // Means: (0.82 − 0.55) ÷ (0.90 − 0.55).
    expect(scores.comparisons[0]!.gapClosed.value).toBeCloseTo(0.27 / 0.35, 12);
  });

  it("are compared with every other system", () => {
    const { differences } = scores.comparisons[0]!;
    expect(Object.keys(differences)).toEqual(["teacher", "bilstm-hard-label", "linear-labels"]);
    expect(differences["teacher"]!.accuracy!.value).toBeCloseTo(-0.08, 12);
    expect(differences["linear-labels"]!.accuracy!.value).toBeCloseTo(0.27, 12);
  });

  it("leave their logits, joined with ids, for every seed", () => {
    expect(ids).toEqual(texts.map(({ id }) => id));
    expect(predictions.map(({ system: name, seed }) => `${name}/${seed}`)).toEqual([
      "teacher/0",
      "bilstm/0",
      "bilstm/1",
      "bilstm-hard-label/0",
      "bilstm-hard-label/1",
      "linear-labels/0",
    ]);
  });

  it("have their details from the exported seed", () => {
    // Seed 1 is wrong on 84–99: 8 texts of each class.
    expect(system("bilstm").confusions).toEqual([
      { gold: "a", predicted: "b", texts: 8, share: 0.16 },
      { gold: "b", predicted: "a", texts: 8, share: 0.16 },
    ]);
    expect(system("bilstm").perClass[0]).toMatchObject({ label: "a", texts: 50, predicted: 50 });
  });
});

describe("test texts", () => {
  const runs = [makeRun("bilstm", 0), makeRun("bilstm-hard-label", 0)];
  const logits = {
    teacher: answer(4, () => true),
    "bilstm/0": answer(4, (text) => text > 0),
    "bilstm-hard-label/0": answer(4, () => false),
  };

  it("without labels: agreement alone, and a note", async () => {
    const texts = makeTexts(4).map((row) => ({ ...row, label: null }));
    const { scores } = await evaluateSystems(makeOptions(texts, logits, runs));
    const student = scores.systems[1]!;
    expect(student.measures.agreement!.value).toBe(0.75);
    expect(student.measures.accuracy).toBeNull();
    expect(student.perClass).toEqual([]);
    expect(scores.comparisons[0]).toMatchObject({
      mcnemar: null,
      gapClosed: { value: null, reason: "the test texts have no labels" },
    });
    expect(scores.notes.join(" ")).toContain("have no labels");
  });

  it("of which some have labels: those alone, and a note", async () => {
    const texts = makeTexts(4).map((row, index) => (index < 3 ? row : { ...row, label: null }));
    const three = Object.fromEntries(Object.entries(logits).map(([k, z]) => [k, z.slice(0, 6)]));
    const { scores } = await evaluateSystems(makeOptions(texts, three, runs));
    expect(scores.test).toMatchObject({ texts: 3, labelled: 3 });
    expect(scores.systems[1]!.measures.accuracy!.value).toBeCloseTo(2 / 3, 12);
    expect(scores.notes).toEqual(["1 of 4 test texts have no label and were left out."]);
  });

  it("of which there are none: systems without scores, and a note that says what to do", async () => {
    const { scores, predictions } = await evaluateSystems(makeOptions([], {}, runs));
    expect(scores.systems.map(({ name }) => name)).toContain("bilstm");
    expect(scores.systems[1]!.measures.accuracy).toBeNull();
    expect(scores.comparisons).toEqual([]);
    expect(predictions).toEqual([]);
    expect(scores.notes[0]).toContain("data.source.test");
  });

  it("with a label that no class has are an error that names it", async () => {
    const texts = makeTexts(4).map((row, index) => (index === 2 ? { ...row, label: "z" } : row));
    await expect(evaluateSystems(makeOptions(texts, logits, runs))).rejects.toThrow(
      /among the 2 classes.*"z" \(1 texts\)/,
    );
  });
});

describe("the exported seed", () => {
  it("has the best validation score, the first of equals", () => {
    const runs = [makeRun("x", 0, 0.7), makeRun("x", 1, 0.9), makeRun("x", 2, 0.9)];
    expect(exportedRun(runs).seed).toBe(1);
    expect(exportedRun([makeRun("x", 3), makeRun("x", 4)]).seed).toBe(3);
  });
});

describe("systems", () => {
  it("keep unknown variants, after the known ones", () => {
    const runs = [makeRun("other", 0), makeRun("majority", 0), makeRun("bilstm", 0)];
    expect(listSystems("t", runs, ["bilstm"]).map(({ name }) => name)).toEqual([
      "teacher",
      "bilstm",
      "majority",
      "other",
    ]);
  });

  it("know whose hard-label control they are", () => {
    const systems = listSystems("t", [makeRun("bilstm-hard-label", 0)], ["bilstm"]);
    expect(systems[1]).toMatchObject({ name: "bilstm-hard-label", variant: "bilstm" });
  });
});
