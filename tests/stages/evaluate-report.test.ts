import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { EvaluationSources } from "../../src/evaluation/sources.ts";
import type { Scores } from "../../src/evaluation/scores.ts";
import { readParquet } from "../../src/formats/parquet.ts";
import { writeJson } from "../../src/platform/files.ts";
import { reportSchema } from "../../src/report/schema.ts";
import { evaluate } from "../../src/stages/evaluate.ts";
import { writeManifest } from "../../src/stages/manifest.ts";
import { report } from "../../src/stages/report.ts";
import type { StageContext } from "../../src/stages/stage.ts";
import { writeSplit } from "../../src/texts/splits.ts";
import type { ProgressEvent, StageManifest, TextRow } from "../../src/types.ts";
import { makeRun } from "../report/synthetic-run.ts";

// Trained students and a label store would take minutes: the stages get made-up logits instead.
const sources = vi.hoisted(() => ({ current: null as EvaluationSources | null }));
vi.mock("../../src/evaluation/run-sources.ts", () => ({ openSources: () => sources.current }));

const CLASSES = ["down", "up"];
const texts: TextRow[] = Array.from({ length: 60 }, (_, index) => ({
  id: index.toString(16).padStart(32, "0"),
  text: `the price went somewhere ${index}`,
  label: CLASSES[index % 2]!,
}));

/** Logits that are right but for every so many texts. */
function answer(rows: readonly TextRow[], every: number): Float32Array {
  return Float32Array.from({ length: 2 * rows.length }, (_, index) => {
    const text = Math.floor(index / 2);
    const gold = CLASSES.indexOf(rows[text]!.label!);
    const chosen = text % every === 0 ? 1 - gold : gold;
    return index % 2 === chosen ? 2 : 0;
  });
}

const EVERY: Record<string, number> = { soft: 10, "hard-labels": 3 };

let folder: string;
let context: StageContext;
const events: ProgressEvent[] = [];

async function finish(stage: typeof evaluate | typeof report): Promise<unknown> {
  const { details } = await stage.run(context);
  const manifest: StageManifest = {
    ...{ schema: "limbeck.stage/1", stage: stage.name, digest: "d".repeat(64) },
    ...{ finishedAt: "2026-01-02T03:04:05.000Z", seconds: 1, files: {}, details },
  };
  await writeManifest(folder, manifest);
  return details;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-stages-"));
  const { recipe, files } = await makeRun({ texts, classes: CLASSES, seeds: [0, 1] });
  for (const stage of ["prepare", "label", "train"] as const) {
    await writeManifest(folder, files.manifests[stage]);
  }
  await writeSplit(folder, "test", texts);
  sources.current = {
    testTexts: () => Promise.resolve(texts),
    teacherAnswers: () =>
      Promise.resolve({
        logits: answer(texts, 12),
        missing: new Int32Array(),
        uncalibrated: null,
      }),
    systemLogits: (run) => Promise.resolve(answer(texts, EVERY[run.targets]! + run.seed)),
  };
  context = {
    ...{ recipe, recipeFolder: null, run: folder, labelsFolder: join(folder, "labels") },
    download: false,
    signal: new AbortController().signal,
    report: (event) => events.push(event),
  };
  await mkdir(join(folder, "train", "bilstm", "seed-0"), { recursive: true });
  await writeFile(
    join(folder, "train", "bilstm", "seed-0", "metrics.jsonl"),
    '{"step":1,"epoch":1,"loss":3}\n{"step":2,"epoch":1,"loss":2,"validation":{"loss":1,"agreement":0.5}}\n' +
      '{"step":4,"epoch":2,"loss":1,"validation":{"loss":0.5,"agreement":0.75}}\n',
  );
  await mkdir(join(folder, "train", "linear-teacher", "seed-0"), { recursive: true });
  await writeFile(join(folder, "train", "linear-teacher", "seed-0", "weights"), "x".repeat(1234));
  await writeFile(
    join(folder, "train", "linear-teacher", "seed-0", "metrics.jsonl"),
    "not counted",
  );
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("evaluate", () => {
  it("leaves scores and predictions and says what it found", async () => {
    const details = await finish(evaluate);
    expect(details).toMatchObject({ texts: 60, labelled: 60, notes: [] });
    const scores = JSON.parse(
      await readFile(join(folder, "evaluate", "scores.json"), "utf8"),
    ) as Scores;
    expect(scores.schema).toBe("limbeck.scores/1");
    // Seed 0 errs on every 10th of 60 texts, seed 1 on every 11th: 6 errors each.
    expect(scores.systems[1]!.measures.accuracy!.value).toBeCloseTo(0.9, 12);
    const predictions = await readParquet(join(folder, "evaluate", "predictions.parquet"));
    // Teacher, two seeds of student and control, three other controls.
    expect(predictions.rows).toBe(8 * 60);
    expect(events.some(({ kind }) => kind === "progress")).toBe(true);
  });

  it("depends on the resamples and on what was trained", async () => {
    const { recipe } = context;
    const before = JSON.stringify(await evaluate.inputs(context));
    expect(JSON.stringify(await evaluate.inputs(context))).toBe(before);
    const changed = { ...recipe, evaluate: { ...recipe.evaluate, resamples: 777 } };
    expect(JSON.stringify(await evaluate.inputs({ ...context, recipe: changed }))).not.toBe(before);
  });

  it("asks for what is missing", async () => {
    await expect(evaluate.run({ ...context, run: join(folder, "nowhere") })).rejects.toThrow(
      "limbeck prepare",
    );
  });
});

describe("report", () => {
  it("leaves three files that say the same", async () => {
    const details = (await finish(report)) as Awaited<ReturnType<typeof report.run>>["details"];
    const json: unknown = JSON.parse(await readFile(join(folder, details.files.json), "utf8"));
    const truth = reportSchema.parse(json);
    expect(truth.verdict.sentences).toEqual(details.sentences);
    expect(truth.data.example).toBe("the price went somewhere 0");
    const [page, markdown] = [
      await readFile(join(folder, details.files.html), "utf8"),
      await readFile(join(folder, details.files.markdown), "utf8"),
    ];
    for (const text of [page, markdown]) expect(text).toContain(truth.verdict.headline);
  });

  it("without an export, has no speed and takes sizes from what is there", async () => {
    const truth = reportSchema.parse(
      JSON.parse(await readFile(join(folder, "report", "report.json"), "utf8")),
    );
    const system = (name: string) => truth.systems.find((one) => one.name === name)!;
    expect(system("bilstm")).toMatchObject({
      speed: null,
      size: { parameters: 610_381, bytes: {} },
    });
    expect(system("linear-teacher").size!.bytes).toEqual({ files: 1234 });
    expect(system("teacher").size!.bytes).toEqual({ files: 22_972_370 });
    expect(truth.training.curves).toEqual([
      {
        system: "bilstm",
        role: "student",
        seed: 0,
        points: [
          [2, 0.5],
          [4, 0.75],
        ],
      },
    ]);
  });

  it("with an export, has its measurements", async () => {
    const { files } = await makeRun({ texts, classes: CLASSES });
    const bundle = join(folder, "export", "bilstm");
    const systems = [...files.speeds.values()];
    await writeJson(join(folder, "export", "speed.json"), { environment: {}, systems });
    await writeJson(join(bundle, "parity.json"), files.parities.get("bilstm"));
    await finish(report);
    const truth = reportSchema.parse(
      JSON.parse(await readFile(join(folder, "report", "report.json"), "utf8")),
    );
    expect(truth.systems[1]).toMatchObject({
      name: "bilstm",
      size: { bytes: { onnx: 2_448_213 }, sameAsStudent: false },
      speed: { p50Ms: 0.1217 },
    });
    expect(truth.systems[2]).toMatchObject({
      name: "bilstm-hard-label",
      size: { bytes: { onnx: 2_448_213 }, sameAsStudent: true },
      speed: null,
    });
    expect(truth.parity[0]).toMatchObject({ system: "bilstm", largestDifference: 3.8e-6 });
  });
});
