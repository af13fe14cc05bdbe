import { readFileSync } from "node:fs";
import { evaluateSystems } from "../../src/evaluation/evaluate-systems.ts";
import { Random } from "../../src/math/random.ts";
import { recipeSchema, type Recipe } from "../../src/recipe/schema.ts";
import type { SystemSpeed } from "../../src/bundle/speed.ts";
import type { RunFiles } from "../../src/report/run-files.ts";
import type { TextRow, TrainedRun } from "../../src/types.ts";
import { makeManifests } from "./synthetic-manifests.ts";

/** How well each system tells the gold class from noise; chosen so that the scores resemble a real quickstart's. */
interface Signals {
  teacher: number;
  /** Noise that the student adds to its teacher's logits. */
  student: number;
  "hard-label": number;
  "linear-labels": number;
  "linear-teacher": number;
}

export interface SyntheticOptions {
  texts?: TextRow[];
  classes?: string[];
  resamples?: number;
  seeds?: number[];
  students?: string[];
  signals?: Partial<Signals>;
  /** Leaves out variants, e.g. controls. */
  without?: string[];
}

const SIGNALS: Signals = {
  teacher: 3.85,
  student: 0.2,
  "hard-label": 3.0,
  "linear-labels": 2.95,
  "linear-teacher": 0.36,
};

const PARAMETERS: Record<string, number> = {
  bilstm: 610_381,
  transformer: 1_274_957,
  linear: 1_482_327,
  majority: 77,
};

/** Test texts and classes of the shipped Banking77. */
export function bankingTexts(): { texts: TextRow[]; classes: string[] } {
  const folder = new URL("../../datasets/banking77/", import.meta.url);
  const classes = (
    JSON.parse(readFileSync(new URL("categories.json", folder), "utf8")) as string[]
  ).sort();
  const lines = readFileSync(new URL("test.tsv", folder), "utf8").trim().split("\n").slice(1);
  const texts = lines.map((line, index) => {
    const [label, text] = line.split("\t");
    return { id: index.toString(16).padStart(32, "0"), text: text!, label: label! };
  });
  return { texts, classes };
}

/** What a run would leave, made up but consistent: scores come from the real evaluation of made-up logits. */
export async function makeRun(
  options: SyntheticOptions = {},
): Promise<{ recipe: Recipe; files: RunFiles }> {
  const { texts, classes } =
    options.texts && options.classes
      ? { texts: options.texts, classes: options.classes }
      : bankingTexts();
  const students = options.students ?? ["bilstm"];
  const seeds = options.seeds ?? [0, 1, 2];
  const runs = makeRuns(students, seeds).filter(
    ({ variant }) => !options.without?.includes(variant),
  );
  const recipe = makeRecipe(students, seeds, options.resamples ?? 200);
  const oracle = makeOracle(texts, classes, { ...SIGNALS, ...options.signals });
  const { scores } = await evaluateSystems({
    sources: {
      testTexts: () => Promise.resolve(texts),
      teacherAnswers: () =>
        Promise.resolve({
          logits: oracle.teacher,
          missing: new Int32Array(),
          uncalibrated: null,
        }),
      systemLogits: (run) => Promise.resolve(oracle.answer(run)),
    },
    classes,
    teacherKind: "encoder-head",
    runs,
    recipe,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return {
    recipe,
    files: {
      scores,
      manifests: makeManifests(classes, texts, runs),
      environment: {
        limbeck: "0.1.0",
        node: "20.20.2",
        onnxruntime: "1.30.0",
        platform: "linux 6.1.0 x64",
        processor: "Intel(R) Xeon(R) Processor @ 2.90GHz",
        cores: 2,
        memoryBytes: 8_330_000_000,
      },
      speeds: new Map(makeSpeeds(students).map((speed) => [speed.name, speed])),
      parities: new Map(
        students.map((name) => [
          name,
          {
            schema: "limbeck.parity/1" as const,
            ...{ split: "test", texts: texts.length, text: null },
            ...{ largestDifference: 3.8e-6, tolerance: 1e-4 },
          },
        ]),
      ),
      curves: runs
        .filter(({ role, kind }) => role === "student" || kind !== "linear")
        .map((run) => ({ run, points: makeCurve(run) })),
      controlBytes: new Map([
        ["linear-labels", 1_203_118],
        ["linear-teacher", 5_929_308],
        ["majority", 912],
      ]),
      testTexts: texts,
    },
  };
}

function makeRecipe(students: readonly string[], seeds: number[], resamples: number): Recipe {
  const parsed = recipeSchema.parse({
    data: { source: "banking77", labelled: { perClass: 10 } },
    teacher: { kind: "encoder-head", model: "teachers/minilm-l6-v2" },
    evaluate: { resamples },
  });
  return {
    ...parsed,
    name: "quickstart",
    student: students.map((kind) => ({
      kind,
      name: kind,
      embedding: { size: 128, init: "teacher" },
      hidden: 128,
    })),
    train: { ...parsed.train, seeds },
  };
}

function makeRuns(students: readonly string[], seeds: readonly number[]): TrainedRun[] {
  const options = {
    ...{ device: "cpu", schedule: "linear", learningRate: 0.002, warmup: 0.1 },
    optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
    ...{ batch: 64, shards: 1, accumulate: 1, patience: 5 },
  };
  const base = { epochs: 20, bestStep: 2700, seconds: 41.7, options };
  const trained = students.flatMap((name, place) =>
    seeds.flatMap((seed): TrainedRun[] => [
      {
        ...base,
        ...{ variant: name, role: "student", kind: name, seed, targets: "soft", steps: 2880 },
        folder: `${name}/seed-${seed}`,
        validationScore: 0.905 - 0.01 * place - 0.002 * Math.abs(seed - 1),
        parameters: PARAMETERS[name] ?? 1,
      },
      {
        ...base,
        ...{
          variant: `${name}-hard-label`,
          role: "control",
          kind: name,
          seed,
          targets: "hard-labels",
          steps: 520,
        },
        folder: `${name}-hard-label/seed-${seed}`,
        validationScore: null,
        parameters: PARAMETERS[name] ?? 1,
      },
    ]),
  );
  const others = [
    ["linear-labels", "linear", "hard-labels"],
    ["linear-teacher", "linear", "soft"],
    ["majority", "majority", "hard-labels"],
  ] as const;
  return [
    ...trained,
    ...others.map(([variant, kind, targets]): TrainedRun => ({
      ...base,
      ...{ variant, role: "control", kind, seed: 0, targets, steps: 0, epochs: 0 },
      folder: `${variant}/seed-0`,
      validationScore: null,
      parameters: PARAMETERS[kind]!,
    })),
  ];
}

function makeOracle(texts: readonly TextRow[], classes: readonly string[], signals: Signals) {
  const width = classes.length;
  const place = new Map(classes.map((label, index) => [label, index]));
  // Every class has a neighbour with which it is confused.
  const neighbours = new Random("neighbours").shuffle(Array.from(classes.keys()));
  const draw = (name: string, signal: number): Float32Array => {
    const random = new Random(name);
    const logits = Float32Array.from({ length: texts.length * width }, () => random.normal());
    for (const [row, { label }] of texts.entries()) {
      const gold = place.get(label ?? classes[0]!)!;
      logits[row * width + gold]! += signal;
      logits[row * width + neighbours[gold]!]! += 0.55 * signal;
    }
    return logits;
  };
  const teacher = draw("teacher", signals.teacher).map((value) => 1.6 * value);
  const near = (name: string, noise: number): Float32Array => {
    const random = new Random(name);
    return teacher.map((value) => value + noise * 1.6 * random.normal());
  };
  const answer = ({ variant, kind, targets, seed }: TrainedRun): Float32Array => {
    if (kind === "majority") return teacher.map((_, index) => (index % width === 0 ? 0.01 : 0));
    if (variant === "linear-labels") return draw(variant, signals["linear-labels"]);
    if (variant === "linear-teacher") return near(variant, signals["linear-teacher"]);
    if (targets === "soft") return near(`${variant}${seed}`, signals.student * (1 + 0.05 * seed));
    return draw(`${variant}${seed}`, signals["hard-label"] - 0.05 * seed);
  };
  return { teacher, answer };
}

function makeCurve({ variant, seed, targets }: TrainedRun): [number, number][] {
  const random = new Random(variant, seed);
  const top = targets === "soft" ? 0.91 : 0.69;
  return Array.from({ length: 20 }, (_, epoch): [number, number] => [
    (epoch + 1) * (targets === "soft" ? 144 : 26),
    Math.min(1, top * (1 - Math.exp(-(epoch + 1) / 3.2)) + 0.004 * random.normal()),
  ]);
}

function makeSpeeds(students: readonly string[]): SystemSpeed[] {
  const of = (
    name: string,
    kind: string,
    parameters: number,
    bytes: SystemSpeed["bytes"],
    p50Ms: number,
  ): SystemSpeed => ({
    ...{ name, kind, parameters, bytes, threads: 1 },
    runtime: name === "teacher" ? "teacher" : "onnxruntime-node",
    oneText: { p50Ms, p95Ms: 1.7 * p50Ms, textsPerSecond: 940 / p50Ms },
    batch: { size: 32, textsPerSecond: 1700 / p50Ms },
  });
  return [
    of(
      "teacher",
      "encoder-head",
      22_565_376,
      { onnx: 22_972_370, files: 24_012_311, gzip: 16_100_000 },
      1.134,
    ),
    ...students.map((name, index) =>
      of(
        name,
        name,
        PARAMETERS[name] ?? 1,
        {
          onnx: 2_448_213 * (index + 1),
          files: 2_512_940 * (index + 1),
          gzip: 2_290_000 * (index + 1),
        },
        0.1217 * (1 + index * 2),
      ),
    ),
  ];
}
