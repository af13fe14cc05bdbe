import { join } from "node:path";
import { SPEED_FILE } from "../bundle/bundle-files.ts";
import { renderCard } from "../bundle/card.ts";
import { draftBundle, type Draft } from "../bundle/draft.ts";
import { measureSpeed } from "../bundle/measure-speed.ts";
import { cardFacts, provenanceOf, type RunRecords } from "../bundle/records.ts";
import type { SpeedFile, TeacherToTime } from "../bundle/speed.ts";
import { publishBundle, type BundleBytes } from "../bundle/write.ts";
import { LimbeckError } from "../errors.ts";
import { exportedRun } from "../evaluation/exported-seed.ts";
import type { Scores } from "../evaluation/scores.ts";
import { readJson, writeJson } from "../platform/files.ts";
import { readIdentified } from "../texts/splits.ts";
import type { LabelDetails, PrepareDetails, TrainDetails } from "../types.ts";
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

/** Texts to compare on, and the split that they are of. */
interface ComparedTexts {
  texts: readonly string[];
  split: string;
}

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
        name: recipe.name,
        export: recipe.export,
        students: recipe.student.map(({ name }) => name),
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
  const { run, recipe, signal, report } = context;
  const records = await readRecords(run);
  const compared = await readTexts(run);
  const drafts: Draft[] = [];
  for (const { name } of recipe.student) {
    signal.throwIfAborted();
    const message = `${name}: comparing the exported file on ${compared.texts.length.toLocaleString("en-US")} texts`;
    report({ kind: "note", stage: "export", message });
    drafts.push(await draftStudent(context, records, name, compared));
  }
  const speed = await measureSpeed({
    teacher: {
      details: records.label.details.teacher,
      open: describeTeacher(context, records.label.details.teacher.digest),
    },
    drafts,
    runs: records.train.details.runs,
    trainFolder: join(run, "train"),
    texts: compared.texts,
    signal,
    report,
  });
  for (const draft of drafts) await publish(context, records, draft, speed);
  await writeJson(join(run, "export", SPEED_FILE), speed);
  return { details: describeExport(drafts, compared), summary: summarize(drafts) };
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
async function readTexts(run: string): Promise<ComparedTexts> {
  for (const split of ["test", "validation", "transfer", "labelled"] as const) {
    const texts = (await readIdentified(run, split)).map(({ text }) => text);
    if (texts.length > 0) return { texts, split };
  }
  throw new LimbeckError(
    "E_EXPORT",
    `Expected texts to compare the exported files on, got none in ${run}/prepare. ` +
      "Prepare them again: npx limbeck run RECIPE --from prepare.",
  );
}

async function draftStudent(
  { run, recipe }: StageContext,
  { prepare, train }: RunRecords,
  name: string,
  { texts, split }: ComparedTexts,
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

/** What the process that measures needs to open the teacher. */
function describeTeacher(
  { recipe, recipeFolder, labelsFolder }: StageContext,
  digest: string,
): TeacherToTime {
  return { entry: recipe.teacher, recipeFolder, labelsFolder, digest };
}

async function publish(
  { run, recipe }: StageContext,
  records: RunRecords,
  draft: Draft,
  speed: SpeedFile,
): Promise<void> {
  const { environment } = speed;
  await publishBundle(draft.folder, join(run, "export", draft.run.variant), {
    card: renderCard(cardFacts({ recipe, records, draft, speed })),
    provenance: provenanceOf({ recipe, records, draft, environment }),
    parity: draft.parity,
  });
}

function describeExport(drafts: readonly Draft[], { texts, split }: ComparedTexts): ExportDetails {
  const bundles = drafts.map(({ run, bytes, parity: { largestDifference, tolerance } }) => ({
    variant: run.variant,
    seed: run.seed,
    validationScore: run.validationScore,
    folder: `export/${run.variant}`,
    parameters: run.parameters,
    bytes,
    parity: { largestDifference, tolerance },
  }));
  const note = `There are no test texts: the exported files were compared on the ${split} texts.`;
  return { texts: texts.length, split, bundles, notes: split === "test" ? [] : [note] };
}

function summarize(drafts: readonly Draft[]): string {
  return drafts
    .map(({ run, bytes, parity }) => {
      const size = `${(bytes.onnx / 1e6).toFixed(2)} MB`;
      const texts = parity.texts.toLocaleString("en-US");
      return `${run.variant} (seed ${run.seed}): ${size}, equal within ${parity.largestDifference.toExponential(1)} on ${texts} texts`;
    })
    .join("; ");
}
