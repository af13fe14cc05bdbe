import { join } from "node:path";
import { SPEED_FILE } from "../bundle/bundle-files.ts";
import { renderCard } from "../bundle/card.ts";
import { cardFacts, provenanceOf, type RunRecords } from "../bundle/records.ts";
import {
  timedLinear,
  timedStudent,
  timedTeacher,
  type SystemToTime,
} from "../bundle/describe-systems.ts";
import { draftBundle, type Draft } from "../bundle/draft.ts";
import type { SpeedFile } from "../bundle/speed.ts";
import { timeInProcess } from "../bundle/time-in-process.ts";
import { chooseTimedTexts } from "../bundle/timing.ts";
import { publishBundle, type BundleBytes } from "../bundle/write.ts";
import { LimbeckError } from "../errors.ts";
import { exportedRun } from "../evaluation/exported-seed.ts";
import type { Scores } from "../evaluation/scores.ts";
import { describeEnvironment } from "../platform/environment.ts";
import { readJson, writeJson } from "../platform/files.ts";
import { teachers } from "../registry.ts";
import { readIdentified } from "../texts/splits.ts";
import type { LabelDetails, PrepareDetails, TrainDetails, TrainedRun } from "../types.ts";
import { findManifest, readManifest } from "./manifest.ts";
import type { Stage, StageContext } from "./stage.ts";

/** `export/manifest.json`, `details`. */
export interface ExportDetails {
  /** Texts on which the exported files equal the trained students, and which split they are. */
  texts: number;
  split: string;
  bundles: {
    variant: string;
    /** The seed with the best validation score. */
    seed: number;
    validationScore: number | null;
    /** Relative to the run's folder. */
    folder: string;
    parameters: number;
    bytes: BundleBytes;
    parity: { largestDifference: number; tolerance: number };
  }[];
  notes: string[];
}

/** Texts that every system answers while it is timed. */
const TIMED_TEXTS = 320;
const BATCH = 32;
const WARM_UP = 40;

/**
 * Exports of each student the seed with the best validation score as a bundle, holds the file to the trained student,
 * and measures size and speed of teacher, students and linear controls side by side. Leaves `<student>/` and
 * `speed.json`.
 */
export const exportStage: Stage<ExportDetails> = {
  name: "export",
  version: 1,

  async inputs({ recipe, run }) {
    const train = await readManifest<TrainDetails>(run, "train");
    // The card shows the scores; export works without them.
    const evaluate = await findManifest(run, "evaluate");
    return {
      recipe: {
        export: recipe.export,
        students: recipe.student.map(({ name }) => name),
        name: recipe.name,
      },
      digests: [train.digest, evaluate?.digest ?? null],
      weights: train.files,
    };
  },

  describe({ recipe }) {
    const names = recipe.student.map(({ name }) => name).join(", ");
    return `Exporting ${names} as ONNX; each file must equal the trained student within ${recipe.export.tolerance}`;
  },

  run: runExport,
};

async function runExport(
  context: StageContext,
): Promise<{ details: ExportDetails; summary: string }> {
  const { run, recipe, report } = context;
  const records = await readRecords(run);
  const { texts, split } = await readTexts(run);
  const drafts: Draft[] = [];
  for (const student of recipe.student) {
    context.signal.throwIfAborted();
    report({
      kind: "note",
      stage: "export",
      message: `${student.name}: comparing the exported file on ${texts.length} texts`,
    });
    drafts.push(await draft(context, records, student.name, { texts, split }));
  }
  const speed = await measureSpeed(context, { records, drafts, texts });
  for (const one of drafts) await publish(context, { records, draft: one, speed });
  await writeJson(join(run, "export", SPEED_FILE), speed);
  const details = describe(drafts, { texts: texts.length, split });
  return { details, summary: summarize(drafts) };
}

async function readRecords(run: string): Promise<RunRecords> {
  return {
    prepare: await readManifest<PrepareDetails>(run, "prepare"),
    label: await readManifest<LabelDetails>(run, "label"),
    train: await readManifest<TrainDetails>(run, "train"),
    scores: await readJson<Scores>(join(run, "evaluate", "scores.json")),
  };
}

/** The test texts, without their labels; where there are none, texts that no student has trained on, else any. */
async function readTexts(run: string): Promise<{ texts: string[]; split: string }> {
  for (const split of ["test", "validation", "transfer", "labelled"] as const) {
    const texts = (await readIdentified(run, split)).map(({ text }) => text);
    if (texts.length > 0) return { texts, split };
  }
  throw new LimbeckError(
    "E_EXPORT",
    `Expected texts to compare the exported files on, got none in ${run}/prepare.`,
  );
}

async function draft(
  { run, recipe }: StageContext,
  { prepare, train }: RunRecords,
  name: string,
  { texts, split }: { texts: readonly string[]; split: string },
): Promise<Draft> {
  const runs = train.details.runs.filter(
    ({ variant, role }) => variant === name && role === "student",
  );
  if (runs.length === 0) {
    throw new LimbeckError(
      "E_EXPORT",
      `Expected a trained ${name} in ${run}/train, got none. Train it: npx limbeck run RECIPE --from train.`,
    );
  }
  const student = recipe.student.find((one) => one.name === name)!;
  return await draftBundle({
    run: exportedRun(runs.toSorted((a, b) => a.seed - b.seed)),
    trainFolder: join(run, "train"),
    recipe,
    embedding: student.embedding.size,
    classes: prepare.details.classes,
    texts,
    split,
    // Hidden until it is whole: listings and manifests pass it over.
    folder: join(run, "export", `.${name}.tmp`),
  });
}

async function measureSpeed(
  context: StageContext,
  {
    records,
    drafts,
    texts,
  }: { records: RunRecords; drafts: readonly Draft[]; texts: readonly string[] },
): Promise<SpeedFile> {
  const timedTexts = chooseTimedTexts(texts, TIMED_TEXTS);
  const systems = await listSystems(context, records, drafts);
  const names = systems.map(({ row }) => row.name).join(", ");
  context.report({
    kind: "note",
    stage: "export",
    message: `timing ${names} on ${timedTexts.length} texts, one thread`,
  });
  const timings = await timeInProcess(
    { jobs: systems.map(({ job }) => job), texts: timedTexts, batchSize: BATCH, warmUp: WARM_UP },
    context.signal,
  );
  return {
    schema: "limbeck.speed/1",
    environment: describeEnvironment(),
    texts: timedTexts.length,
    systems: systems.map(({ row }) => ({ ...row, ...timings.get(row.name)! })),
  };
}

async function listSystems(
  { run, recipe, recipeFolder, labelsFolder }: StageContext,
  { label, train }: RunRecords,
  drafts: readonly Draft[],
): Promise<SystemToTime[]> {
  const { kind, ...rest } = recipe.teacher;
  const options = (await teachers[kind]!()).options.parse(rest);
  const { digest } = label.details.teacher;
  const teacher = timedTeacher(label.details.teacher, {
    kind,
    options,
    recipeFolder,
    labelsFolder,
    digest,
  });
  const linear: TrainedRun[] = train.details.runs.filter((one) => one.kind === "linear");
  return [
    teacher,
    ...drafts.map(timedStudent),
    ...(await Promise.all(linear.map((one) => timedLinear(one, join(run, "train"))))),
  ];
}

async function publish(
  { run, recipe }: StageContext,
  { records, draft: one, speed }: { records: RunRecords; draft: Draft; speed: SpeedFile },
): Promise<void> {
  const name = one.run.variant;
  const beside = speed.systems.filter(
    (system) => system.name === name || system.runtime === "teacher",
  );
  await publishBundle(one.folder, join(run, "export", name), {
    card: renderCard(cardFacts({ recipe, records, draft: one, speed })),
    provenance: provenanceOf({ recipe, records, draft: one, environment: speed.environment }),
    parity: one.parity,
    speed: { ...speed, systems: beside },
  });
}

function describe(
  drafts: readonly Draft[],
  { texts, split }: { texts: number; split: string },
): ExportDetails {
  const notes =
    split === "test"
      ? []
      : [`There are no test texts: exported files were compared on the ${split} texts.`];
  const bundles = drafts.map(({ run, bytes, parity: { largestDifference, tolerance } }) => ({
    variant: run.variant,
    seed: run.seed,
    validationScore: run.validationScore,
    folder: `export/${run.variant}`,
    parameters: run.parameters,
    bytes,
    parity: { largestDifference, tolerance },
  }));
  return { texts, split, bundles, notes };
}

function summarize(drafts: readonly Draft[]): string {
  return drafts
    .map(
      ({ run, bytes, parity }) =>
        `${run.variant} (seed ${run.seed}): ${(bytes.onnx / 1e6).toFixed(2)} MB, equal within ` +
        `${parity.largestDifference.toExponential(1)} on ${parity.texts.toLocaleString("en-US")} texts`,
    )
    .join("; ");
}
