import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { digestOf } from "../../src/platform/digest.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { writeManifest } from "../../src/stages/manifest.ts";
import type { StageContext } from "../../src/stages/stage.ts";
import { train } from "../../src/stages/train.ts";
import { textId } from "../../src/texts/ids.ts";
import { writeSplit } from "../../src/texts/splits.ts";
import { loadTokenizer } from "../../src/tokenizer/tokenizer.ts";
import type { LabelDetails, PrepareDetails, ProgressEvent, TrainDetails } from "../../src/types.ts";
import { toyRecipe } from "../training/toy-run.ts";

const root = join(import.meta.dirname, "../..");
const CLASSES = ["age_limit", "atm_support", "card_arrival", "exchange_rate"];

let run: string;
let context: StageContext;
let details: TrainDetails;
let summary: string;
const events: ProgressEvent[] = [];

/** Texts of four intents of Banking77, 8 of each labelled, the others transfer and validation. */
async function readTexts() {
  const lines = (await readFile(join(root, "datasets/banking77/train.tsv"), "utf8"))
    .split("\n")
    .slice(1, -1);
  const rows = lines
    .map((line) => line.split("\t") as [string, string])
    .filter(([label]) => CLASSES.includes(label));
  const texts = new Map(
    rows.map(([label, text]) => [textId(text), { id: textId(text), text, label }]),
  );
  const perClass = CLASSES.map((label) => [...texts.values()].filter((row) => row.label === label));
  return {
    labelled: perClass.flatMap((of) => of.slice(0, 8)),
    transfer: perClass.flatMap((of) => of.slice(8, 70)),
    validation: perClass.flatMap((of) => of.slice(70, 85)),
  };
}

async function writeInputs(folder: string): Promise<void> {
  const texts = await readTexts();
  const unlabelled = (rows: typeof texts.transfer) => rows.map((row) => ({ ...row, label: null }));
  await writeSplit(folder, "labelled", texts.labelled);
  await writeSplit(folder, "transfer", unlabelled(texts.transfer));
  await writeSplit(folder, "validation", unlabelled(texts.validation));
  // A teacher that is always right, and names the classes in an order of its own.
  const labels = [...CLASSES].reverse();
  const description = { kind: "toy", labels };
  const store = await openLabelStore({
    folder: join(folder, "labels"),
    description,
    digest: digestOf(description),
    width: 4,
  });
  const all = [...texts.labelled, ...texts.transfer, ...texts.validation].reverse();
  await store.append(
    all.map(({ id }) => id),
    Float32Array.from(all.flatMap(({ label }) => labels.map((name) => (name === label ? 4 : 0)))),
  );
  const manifest = { schema: "limbeck.stage/1" as const, finishedAt: "", seconds: 0, files: {} };
  const prepare: Partial<PrepareDetails> = { classes: CLASSES, validation: "transfer" };
  await writeManifest(folder, { ...manifest, stage: "prepare", digest: "p", details: prepare });
  const label = {
    teacher: { store: store.root, labels },
    missing: {},
    calibration: null,
  } as unknown as LabelDetails;
  await writeManifest(folder, { ...manifest, stage: "label", digest: "l", details: label });
}

beforeAll(async () => {
  run = await mkdtemp(join(tmpdir(), "limbeck-train-stage-"));
  await writeInputs(run);
  const recipe: Recipe = toyRecipe({
    teacher: { kind: "encoder-head", model: "teachers/minilm-l6-v2" },
    student: { kind: "bilstm", hidden: 16, embedding: { size: 32 } },
    train: { epochs: 10, batch: 32, learningRate: 0.01, seeds: 1 },
  });
  context = {
    recipe,
    recipeFolder: null,
    run,
    labelsFolder: join(run, "labels"),
    download: false,
    signal: new AbortController().signal,
    report: (event) => events.push(event),
  };
  ({ details, summary } = await train.run(context));
}, 120_000);
afterAll(() => rm(run, { recursive: true }));

describe("train", () => {
  it("lists every run", () => {
    expect(
      details.runs.map(({ variant, role, targets, folder }) => [variant, role, targets, folder]),
    ).toEqual([
      ["bilstm", "student", "soft", "bilstm/seed-0"],
      ["bilstm-hard-label", "control", "hard-labels", "bilstm-hard-label/seed-0"],
      ["linear-labels", "control", "hard-labels", "linear-labels/seed-0"],
      ["linear-teacher", "control", "soft", "linear-teacher/seed-0"],
      ["majority", "control", "hard-labels", "majority/seed-0"],
    ]);
  });

  it("learns what the teacher says, in the order of the data's classes", () => {
    // Four intents and a teacher that is always right; 1 in 4 by chance.
    expect(details.runs[0]!.validationScore).toBeGreaterThan(0.8);
  });

  it("cuts the vocabulary and says how much of the held-out texts it does not know", async () => {
    const tokenizer = await loadTokenizer(join(run, "train/vocabulary/tokenizer.json"));
    expect(details.vocabulary).toEqual({
      pieces: tokenizer.pieces,
      fullPieces: 30522,
      unknownShare: 0,
    });
    expect(tokenizer.pieces).toBeLessThan(700);
    expect(details.embeddings).toBe("teacher");
  });

  it("says in one line what was trained", () => {
    expect(summary).toMatch(
      /^5 runs: bilstm 1 seed × 90 steps \(agreement \d+\.\d % on held-out texts\), bilstm-hard-label 1 seed × \d+ steps, linear-labels, linear-teacher, majority$/,
    );
  });

  it("shows one bar over all runs, which ends full", () => {
    const progress = events.filter((event) => event.kind === "progress");
    expect(progress.every(({ task, unit }) => task === "training" && unit === "steps")).toBe(true);
    expect(progress.at(-1)!.done).toBe(progress.at(-1)!.total);
  });

  it("leaves nothing but outputs", async () => {
    expect((await readdir(join(run, "train"))).sort()).toEqual([
      "bilstm",
      "bilstm-hard-label",
      "linear-labels",
      "linear-teacher",
      "majority",
      "vocabulary",
    ]);
  });

  it("depends on training options and earlier stages, not on the number of processes", async () => {
    const digest = async (more: Partial<Recipe["train"]>) =>
      digestOf(
        await train.inputs({
          ...context,
          recipe: { ...context.recipe, train: { ...context.recipe.train, ...more } },
        }),
      );
    expect(await digest({ workers: 7 })).toBe(await digest({}));
    expect(await digest({ epochs: 11 })).not.toBe(await digest({}));
  });

  it("stops at once where it is stopped before it starts, with what to do", async () => {
    const recipe = { ...context.recipe, train: { ...context.recipe.train, seeds: [9] } };
    await expect(
      train.run({ ...context, recipe, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({
      code: "E_ABORTED",
      message: expect.stringContaining("same command again") as string,
    });
  });

  it("refuses a student that is wider than the teacher's vectors, before any training", async () => {
    const [student] = context.recipe.student;
    const recipe = {
      ...context.recipe,
      student: [{ ...student!, embedding: { size: 400, init: "teacher" as const } }],
    };
    await expect(train.run({ ...context, recipe })).rejects.toThrow(
      /embedding\.size of at most 384 with init: teacher, got 400/,
    );
  });

  it("tells of a label store that lacks a text", async () => {
    const apart = await mkdtemp(join(tmpdir(), "limbeck-train-missing-"));
    try {
      await writeInputs(apart);
      await writeSplit(apart, "transfer", [
        { id: textId("a new text"), text: "a new text", label: null },
      ]);
      await expect(train.run({ ...context, run: apart })).rejects.toMatchObject({
        code: "E_STORE",
      });
    } finally {
      await rm(apart, { recursive: true });
    }
  });
});
