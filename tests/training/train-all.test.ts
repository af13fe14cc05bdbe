import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLineFile } from "../../src/training/line-file.ts";
import type { MetricsLine } from "../../src/fitting/metrics-log.ts";
import { readSet } from "../../src/training/set-files.ts";
import { openTrainedStudent } from "../../src/training/open-student.ts";
import { trainAll, type TrainAllOptions } from "../../src/training/train-all.ts";
import { argmax } from "../../src/math/softmax.ts";
import type { TrainedRun } from "../../src/types.ts";
import { TOY_CLASSES, toyRecipe, toyTraining } from "./toy-run.ts";

let folder: string;
let options: TrainAllOptions;
let runs: TrainedRun[];
const shown: [number, number][] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-train-all-"));
  const train = { epochs: 15, batch: 16, learningRate: 0.01, seeds: 2 };
  options = await toyTraining(folder, toyRecipe({ train }));
  runs = await trainAll({ ...options, onProgress: (done, total) => shown.push([done, total]) });
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

const weightsOf = (run: string) => readFile(join(folder, run, "weights.safetensors"));

describe("trainAll in worker processes", () => {
  it("trains every variant with every seed, and each control", () => {
    expect(runs.map((run) => run.folder).sort()).toEqual([
      "bilstm-hard-label/seed-0",
      "bilstm-hard-label/seed-1",
      "bilstm/seed-0",
      "bilstm/seed-1",
      "linear-labels/seed-0",
      "linear-teacher/seed-0",
      "majority/seed-0",
    ]);
    for (const run of runs.filter(({ role }) => role === "student")) {
      expect(run.validationScore).toBeGreaterThan(0.9);
    }
  });

  it("writes loss and its terms, rate, norm, speed and validation of each step", async () => {
    const lines = await readLineFile<MetricsLine>(join(folder, "bilstm/seed-0/metrics.jsonl"));
    const { validation, ...last } = lines.at(-1)!;
    expect(Object.keys(last)).toEqual([
      ...["step", "epoch", "loss", "terms", "learningRate", "gradientNorm", "textsPerSecond"],
    ]);
    // alpha is 0: the loss is its soft term.
    expect(last.terms).toEqual({ soft: last.loss });
    expect(validation!.agreement).toBeGreaterThan(0.9);
  });

  it("says in each run's manifest how and where it was trained", () => {
    expect(runs.find((run) => run.folder === "bilstm/seed-1")!.options).toMatchObject({
      device: "cpu",
      optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
      schedule: "linear",
      shards: 1,
      accumulate: 1,
    });
  });

  it("leaves weights, metrics and a manifest for each run, and no checkpoint", async () => {
    expect((await readdir(join(folder, "bilstm/seed-0"))).sort()).toEqual([
      "manifest.json",
      "metrics.jsonl",
      "weights.safetensors",
    ]);
  });

  it("gives another seed other weights", async () => {
    expect(await weightsOf("bilstm/seed-0")).not.toEqual(await weightsOf("bilstm/seed-1"));
  });

  it("chooses the hard-label control's training once and writes what from", async () => {
    const { choice } = JSON.parse(
      await readFile(join(folder, "bilstm-hard-label/choice.json"), "utf8"),
    ) as {
      choice: { learningRate: number; steps: number; heldOut: number; table: unknown[] };
    };
    // A fifth of the 40 labelled texts.
    expect(choice.heldOut).toBe(8);
    expect(choice.table.length).toBeGreaterThan(2);
    const controls = runs.filter((run) => run.variant === "bilstm-hard-label");
    expect(
      controls.map(({ steps, options: { learningRate } }) => ({ steps, learningRate })),
    ).toEqual([0, 1].map(() => ({ steps: choice.steps, learningRate: choice.learningRate })));
  });

  it("tells how far it is, up to the end", () => {
    const [done, total] = shown.at(-1)!;
    expect(done).toBe(total);
    expect(shown.every(([made], index) => index === 0 || made >= shown[index - 1]![0])).toBe(true);
  });

  it("keeps finished runs, and trains only what has changed", async () => {
    const kept: string[] = [];
    await trainAll({ ...options, onKept: (run) => kept.push(run.folder) });
    expect(kept).toHaveLength(6);
    kept.length = 0;
    const { recipe } = options;
    await trainAll({
      ...options,
      recipe: { ...recipe, controls: [], train: { ...recipe.train, seeds: [0, 5] } },
      onKept: (run) => kept.push(run.folder),
    });
    expect(kept).toEqual(["bilstm/seed-0"]);
  });

  it("begins with what costs most: of two students of as many steps, the larger", async () => {
    const apart = await mkdtemp(join(tmpdir(), "limbeck-costs-"));
    try {
      const students = [4, 24].map((hidden) => ({
        ...{ kind: "bilstm", name: `hidden-${hidden}`, hidden, embedding: { size: 12 } },
      }));
      const train = { epochs: 1, batch: 16, seeds: 1 };
      const recipe = toyRecipe({ student: students, train, controls: ["linear"] });
      const given = await toyTraining(apart, recipe);
      await trainAll(given);
      const kept: string[] = [];
      await trainAll({ ...given, workers: 1, onKept: (run) => kept.push(run.folder) });
      expect(kept.slice(0, 2)).toEqual(["hidden-24/seed-0", "hidden-4/seed-0"]);
      expect(kept).toHaveLength(4);
    } finally {
      await rm(apart, { recursive: true });
    }
  });

  it("names the text whose teacher's logits are not finite, and lets other runs finish", async () => {
    const apart = await mkdtemp(join(tmpdir(), "limbeck-nan-"));
    try {
      const train = { epochs: 1, batch: 16, seeds: 1 };
      const recipe = toyRecipe({ train, controls: ["hard-label"] });
      const given = await toyTraining(apart, recipe, { broken: 50 });
      const { ids } = await readSet(given.sets.all.folder);
      await expect(trainAll(given)).rejects.toMatchObject({
        code: "E_TRAINING",
        message: expect.stringMatching(
          new RegExp(
            `^bilstm/seed-0: Training stopped at step \\d+, epoch 1: .*NaN in .*not finite: ${ids[50]!}\\. .*No checkpoint`,
          ),
        ) as string,
      });
      expect(await readdir(join(apart, "bilstm-hard-label/seed-0"))).toContain("manifest.json");
    } finally {
      await rm(apart, { recursive: true });
    }
  });

  it("gives the same weights with one process as with two", async () => {
    const before = await weightsOf("bilstm/seed-1");
    await rm(join(folder, "bilstm/seed-1"), { recursive: true });
    await trainAll({ ...options, workers: 1, recipe: { ...options.recipe, controls: [] } });
    expect(await weightsOf("bilstm/seed-1")).toEqual(before);
  });

  it("opens a trained student: one row of logits per text, in the order given", async () => {
    const student = await openTrainedStudent(
      runs.find((run) => run.folder === "bilstm/seed-0")!,
      folder,
      options.recipe,
    );
    try {
      const texts = [
        "why is my transfer late",
        "lost card",
        "the rate",
        "lost card",
        "cash fee was new and very very old",
      ];
      const logits = await student.logits(texts);
      const answers = texts.map(
        (_, row) => TOY_CLASSES[argmax(logits.subarray(4 * row, 4 * row + 4))],
      );
      expect(answers).toEqual(["transfer", "card", "rate", "card", "cash"]);
      expect([...logits.subarray(4, 8)]).toEqual([...logits.subarray(12, 16)]);
      expect(student.classes).toEqual(TOY_CLASSES);
    } finally {
      await student.close();
    }
  });
});
