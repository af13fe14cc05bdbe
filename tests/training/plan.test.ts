import { describe, expect, it } from "vitest";
import {
  distilledJobs,
  choiceJob,
  hardLabelJobs,
  linearJobs,
  planStudents,
} from "../../src/training/plan.ts";
import type { PlanInputs } from "../../src/training/job-parts.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { withoutLabels } from "../../src/training/without-labels.ts";
import { toyRecipe } from "./toy-run.ts";

const stored = (digest: string, rows: number) => ({
  ...{ folder: `/somewhere/${digest}`, rows, digest },
  // 8 pieces in each text.
  pieces: 8 * rows,
});
const inputs = (recipe: Recipe, more: Partial<PlanInputs> = {}): PlanInputs => ({
  recipe,
  folder: "/run/train",
  sets: {
    all: stored("all", 200),
    labelled: stored("labelled", 40),
    validation: { ...stored("validation", 30), against: "teacher" },
    texts: { path: "/somewhere/texts.jsonl", digest: "texts" },
    labelledTexts: null,
  },
  vocabulary: "v",
  classes: ["no", "yes"],
  device: "cpu",
  shardThreads: 1,
  ...more,
});
const withTrain = (more: Partial<Recipe["train"]>): Recipe => {
  const recipe = toyRecipe();
  return { ...recipe, train: { ...recipe.train, ...more } };
};
const adamw = { kind: "adamw" as const, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const loss = (alpha: number) => ({ kind: "hinton" as const, temperature: 2, alpha });

describe("distilledJobs", () => {
  it("makes one job per seed: epochs × ceil(texts / batch) steps on all texts", async () => {
    const recipe = toyRecipe();
    const [student] = await planStudents(recipe, 2);
    const jobs = distilledJobs(inputs(recipe), student!);
    expect(jobs.map(({ seed, folder }) => [seed, folder])).toEqual([
      [0, "/run/train/bilstm/seed-0"],
      [1, "/run/train/bilstm/seed-1"],
    ]);
    // 6 epochs of ceil(200 / 16) = 13.
    expect(jobs[0]!.plan.steps).toBe(78);
    expect(jobs[0]!.sets).toEqual({
      set: "/somewhere/all",
      validation: { set: "/somewhere/validation", against: "teacher", temperature: 2 },
    });
  });

  it("counts updates of several batches each", async () => {
    const recipe = withTrain({ accumulate: 4 });
    const [student] = await planStudents(recipe, 2);
    const [job] = distilledJobs(inputs(recipe), student!);
    // 6 epochs of ceil(ceil(200 / 16) / 4) = 4.
    expect(job!.plan).toMatchObject({ steps: 24, accumulate: 4 });
  });

  it("hands on optimizer, shards, threads and device, and lists them in the run's options", async () => {
    const recipe = withTrain({
      optimizer: { kind: "sgd", momentum: 0.5, nesterov: true },
      weightDecay: 0.02,
      shards: 3,
      schedule: "one-cycle",
    });
    const [student] = await planStudents(recipe, 2);
    const given = inputs(recipe, { device: "cuda", shardThreads: 2 });
    const [job] = distilledJobs(given, student!);
    const own = {
      optimizer: { kind: "sgd", momentum: 0.5, nesterov: true, weightDecay: 0.02 },
      shards: 3,
      device: "cuda",
    };
    expect(job!.student).toMatchObject(own);
    expect(job!.shardThreads).toBe(2);
    expect(job!.header.options).toMatchObject({ ...own, schedule: "one-cycle", accumulate: 1 });
    expect(choiceJob(given, student!)).toMatchObject({ student: own, shardThreads: 2 });
  });

  it("costs more with a larger student, and with longer texts", async () => {
    const cost = async (hidden: number, more: Partial<PlanInputs> = {}) => {
      const recipe = toyRecipe({ student: { kind: "bilstm", hidden, embedding: { size: 12 } } });
      const [student] = await planStudents(recipe, 2);
      return distilledJobs(inputs(recipe, more), student!)[0]!.stepCost;
    };
    expect(await cost(24)).toBeGreaterThan(await cost(12));
    const { sets } = inputs(toyRecipe());
    const long = { ...sets, all: { ...sets.all, pieces: 3 * sets.all.pieces } };
    expect(await cost(12, { sets: long })).toBeCloseTo(3 * (await cost(12)));
  });

  it("reads no teacher with alpha 1: labelled texts only, no validation by the teacher", async () => {
    const recipe = withTrain({ loss: loss(1) });
    const [student] = await planStudents(recipe, 2);
    const [job] = distilledJobs(inputs(recipe), student!);
    expect(job!.sets).toEqual({ set: "/somewhere/labelled", validation: null });
    expect(job!.plan.steps).toBe(6 * 3);
    expect(job!.header.targets).toBe("hard-labels");
  });

  it("has another digest for whatever changes the weights, and the same for what does not", async () => {
    const digestOf = async (recipe: Recipe, more: Partial<PlanInputs> = {}) => {
      const [student] = await planStudents(recipe, 2);
      return distilledJobs(inputs(recipe, more), student!)[0]!.digest;
    };
    const own = await digestOf(toyRecipe());
    const { sets } = inputs(toyRecipe());
    const changes = await Promise.all([
      digestOf(withTrain({ epochs: 7 })),
      digestOf(withTrain({ learningRate: 0.02 })),
      digestOf(withTrain({ seeds: [3] })),
      digestOf(withTrain({ loss: loss(0.5) })),
      digestOf(withTrain({ weightDecay: 0 })),
      digestOf(withTrain({ patience: 2 })),
      digestOf(withTrain({ accumulate: 2 })),
      digestOf(withTrain({ schedule: "cosine" })),
      digestOf(withTrain({ shards: 2 })),
      digestOf(withTrain({ optimizer: { kind: "sgd", momentum: 0.9, nesterov: false } })),
      digestOf(withTrain({ optimizer: { ...adamw, beta2: 0.98 } })),
      digestOf(toyRecipe(), { device: "webgpu" }),
      digestOf(toyRecipe({ student: { kind: "bilstm", hidden: 13, embedding: { size: 12 } } })),
      digestOf(
        toyRecipe({
          student: { kind: "bilstm", hidden: 12, embedding: { size: 12, init: "random" } },
        }),
      ),
      digestOf(toyRecipe(), { vocabulary: "w" }),
      digestOf(toyRecipe(), { classes: ["yes", "no"] }),
      digestOf(toyRecipe(), { sets: { ...sets, all: stored("other", 200) } }),
      digestOf(toyRecipe(), { sets: { ...sets, validation: null } }),
    ]);
    expect(new Set([own, ...changes]).size).toBe(changes.length + 1);
    const elsewhere = { ...sets, all: { ...sets.all, folder: "/moved" } };
    expect(await digestOf(toyRecipe(), { sets: elsewhere })).toBe(own);
    expect(await digestOf(toyRecipe(), { folder: "/moved/train" })).toBe(own);
    expect(await digestOf(withTrain({ workers: 9, seeds: [0, 4] }))).toBe(own);
    expect(await digestOf(toyRecipe(), { shardThreads: 4 })).toBe(own);
    // What `auto` comes to, written out.
    expect(await digestOf(withTrain({ shards: 1 }))).toBe(own);
  });
});

describe("the hard-label control", () => {
  const recipe = toyRecipe();

  it("is chosen on the labelled texts, without the teacher's validation", async () => {
    const [student] = await planStudents(recipe, 2);
    const job = choiceJob(inputs(recipe), student!);
    expect(job.sets).toEqual({ set: "/somewhere/labelled", validation: null });
    expect(job.student.loss).toEqual({ kind: "cross-entropy" });
    // At most the distilled student's steps.
    expect(job.plan.steps).toBe(78);
  });

  it("is chosen on a validation split whose gold labels were bought", async () => {
    const [student] = await planStudents(recipe, 2);
    const { sets } = inputs(recipe);
    const gold = { ...sets, validation: { ...stored("validation", 30), against: "gold" as const } };
    expect(choiceJob(inputs(recipe, { sets: gold }), student!).sets.validation?.set).toBe(
      "/somewhere/validation",
    );
  });

  it("is the same student, vocabulary and start as the distilled one, on all labelled texts, as was chosen", async () => {
    const [student] = await planStudents(recipe, 2);
    const choice = { learningRate: 0.05, steps: 12, heldOut: 8, table: [] };
    const [control] = hardLabelJobs(inputs(recipe), student!, choice);
    const [distilled] = distilledJobs(inputs(recipe), student!);
    expect({ ...control!.student, loss: null }).toEqual({ ...distilled!.student, loss: null });
    expect(control!.plan).toEqual({ ...distilled!.plan, learningRate: 0.05, steps: 12 });
    expect(control!.sets).toEqual({ set: "/somewhere/labelled", validation: null });
  });
});

describe("linearJobs", () => {
  it("makes one run on the gold labels and one on the teacher's argmax", () => {
    expect(
      linearJobs(inputs(toyRecipe())).map(({ header }) => [header.variant, header.targets]),
    ).toEqual([
      ["linear-labels", "hard-labels"],
      ["linear-teacher", "soft"],
    ]);
  });
});

describe("without a bought label", () => {
  it("has no linear control on the labels", () => {
    const { sets } = inputs(toyRecipe());
    const none = { ...sets, labelled: stored("labelled", 0) };
    const variants = (of: PlanInputs["sets"]) =>
      linearJobs(inputs(toyRecipe(), { sets: of })).map(({ header }) => header.variant);
    expect(variants(sets)).toEqual(["linear-labels", "linear-teacher"]);
    expect(variants(none)).toEqual(["linear-teacher"]);
  });

  it("leaves out the controls that learn from labels, and says which", () => {
    const notes: string[] = [];
    const note = (message: string) => notes.push(message);
    const left = withoutLabels({ ...toyRecipe(), controls: ["linear", "majority"] }, note);
    expect(left.controls).toEqual(["linear"]);
    expect(notes).toEqual([
      "No label was bought, so the controls that learn from labels are left out: majority, linear on the labels.",
    ]);
    expect(withoutLabels({ ...toyRecipe(), controls: [] }, note).controls).toEqual([]);
    expect(notes).toHaveLength(1);
  });

  it("refuses students that would learn from labels alone", () => {
    const recipe = withTrain({ loss: loss(1) });
    expect(() => withoutLabels(recipe, () => undefined)).toThrow("train.loss.alpha: 1");
  });
});
