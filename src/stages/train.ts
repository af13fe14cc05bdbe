import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { chooseDevice } from "../devices/choose-device.ts";
import type { Device } from "../engine/index.ts";
import { teacherPlace } from "../labelling/place.ts";
import { shippedLexicon } from "../labelling/shipped-lexicon.ts";
import { listReasons, readAnswers, unansweredTexts } from "../labelling/teacher-answers.ts";
import type { Recipe } from "../recipe/schema.ts";
import { readIdentified, readSplit } from "../texts/splits.ts";
import { shareCores } from "../training/cores.ts";
import { leaveOutUnanswered } from "../training/leave-out-unanswered.ts";
import { prepareSets, type TrainingTexts } from "../training/prepare-sets.ts";
import { summarizeRuns } from "../training/summary.ts";
import { trainAll } from "../training/train-all.ts";
import { makeVocabulary, unknownShare, type Vocabulary } from "../training/vocabulary.ts";
import { withoutLabels } from "../training/without-labels.ts";
import type {
  LabelDetails,
  PrepareDetails,
  TeacherLexicon,
  TrainDetails,
  TrainedRun,
} from "../types.ts";
import { readManifest } from "./manifest.ts";
import type { Stage, StageContext } from "./stage.ts";

/**
 * Trains every student with every seed on the teacher's logits, and the controls, side by side in worker processes.
 * Leaves `vocabulary/` and one folder per run.
 */
export const train: Stage<TrainDetails> = {
  name: "train",
  version: 1,
  resumes: true,

  async inputs({ recipe, run }) {
    const [prepare, label] = [await readManifest(run, "prepare"), await readManifest(run, "label")];
    // The number of processes changes no weight.
    const options = { ...recipe.train, workers: undefined };
    return {
      recipe: { train: options, student: recipe.student, controls: recipe.controls },
      digests: [prepare.digest, label.digest],
    };
  },

  describe({ recipe }) {
    const { seeds, epochs } = recipe.train;
    const names = recipe.student.map(({ name }) => name).join(", ");
    const controls =
      recipe.controls.length === 0
        ? ""
        : `, beside ${recipe.controls.length} controls that it must beat`;
    return `Training ${names} on the teacher's logits, ${epochs} epochs × ${seeds.length} seeds${controls}`;
  },

  run: trainStage,
};

async function trainStage(
  context: StageContext,
): Promise<{ details: TrainDetails; summary: string }> {
  const { recipe, run } = context;
  const folder = join(run, "train");
  const prepare = (await readManifest<PrepareDetails>(run, "prepare")).details;
  const label = (await readManifest<LabelDetails>(run, "label")).details;
  const notes: string[] = [];
  const note = (message: string): void => {
    notes.push(message);
    context.report({ kind: "note", stage: "train", message });
  };
  const texts = await readTexts(run, prepare, label, note);
  const widths = recipe.student
    .filter(({ embedding }) => embedding.init === "teacher")
    .map(({ embedding }) => embedding.size);
  const { maxLength } = recipe.train;
  const { lexicon, shipped } = await openLexicon(context, note);
  const vocabulary = await makeVocabulary({
    folder: join(folder, "vocabulary"),
    lexicon,
    texts: [...texts.labelled, ...texts.transfer].map(({ text }) => text),
    maxLength,
    widths,
  });
  const { tokenizer, fullPieces } = vocabulary;
  const heldOut = texts.validation.map(({ text }) => text);
  const trained = { folder, prepare, label, texts, vocabulary, note };
  const { runs, against } = await trainOn(context, trained);
  return {
    details: {
      runs,
      vocabulary: {
        pieces: tokenizer.pieces,
        fullPieces,
        unknownShare: unknownShare(tokenizer, heldOut, maxLength),
      },
      embeddings: widths.length === 0 ? "random" : shipped ? "shipped" : "teacher",
      notes,
    },
    summary: summarizeRuns(runs, against),
  };
}

/** The device that a recipe asks for; what `auto` came to, and why, is noted. */
async function deviceOf({ train }: Recipe, note: (message: string) => void): Promise<Device> {
  if (train.device !== "auto") return train.device;
  const { device, reason } = await chooseDevice();
  note(`The device auto is ${reason}`);
  return device;
}

interface TrainOn {
  folder: string;
  prepare: PrepareDetails;
  label: LabelDetails;
  texts: TrainingTexts;
  vocabulary: Vocabulary;
  note: (message: string) => void;
}

/** Leaves the texts and targets for the worker processes, trains, and takes them away again. */
async function trainOn(
  { recipe: asked, signal, report }: StageContext,
  { folder, prepare, label, texts, vocabulary, note }: TrainOn,
): Promise<{ runs: TrainedRun[]; against: "teacher" | "gold" | null }> {
  const recipe = texts.labelled.length > 0 ? asked : withoutLabels(asked, note);
  const { maxLength } = recipe.train;
  const device = await deviceOf(recipe, note);
  // Hidden, since it is no output.
  const data = join(folder, ".data");
  try {
    const { tokenizer } = vocabulary;
    const { classes } = prepare;
    const store = async (ids: readonly string[]) =>
      (await readAnswers({ label, classes, ids })).logits;
    const sets = await prepareSets({
      folder: data,
      texts,
      readLogits: store,
      prepare,
      tokenizer,
      maxLength,
    });
    let kept = 0;
    const runs = await trainAll({
      recipe,
      folder,
      sets,
      vocabulary: vocabulary.digest,
      classes,
      device,
      ...shareCores(recipe, { device, cores: availableParallelism() }),
      signal,
      onProgress: (done, total) => {
        report({ kind: "progress", stage: "train", task: "training", done, total, unit: "steps" });
      },
      onKept: () => (kept += 1),
    });
    if (kept > 0)
      note(`${kept} of ${runs.length} runs were finished by an earlier command and kept.`);
    if (!sets.validation)
      note(
        "There are no validation texts: every run made all its steps and kept its last weights.",
      );
    return { runs, against: sets.validation?.against ?? null };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

/**
 * Gold labels are read of labelled texts, and of a validation split that the recipe bought; of no other. Texts that the
 * teacher left unanswered are left out.
 */
async function readTexts(
  run: string,
  { validation, classes }: PrepareDetails,
  label: LabelDetails,
  note: (message: string) => void,
): Promise<TrainingTexts> {
  const gold = validation === "gold";
  const texts = {
    labelled: await readSplit(run, "labelled"),
    transfer: await readIdentified(run, "transfer"),
    validation: await (gold ? readSplit : readIdentified)(run, "validation"),
  };
  if (unansweredTexts(label.missing) === 0) return texts;
  const left = await leaveOutUnanswered({
    texts,
    gold,
    classes: classes.length,
    reasons: listReasons(label.missing),
    unanswered: async (ids) => {
      const { missing } = await readAnswers({ label, classes, ids, calibrated: false });
      return new Set(Array.from(missing, (position) => ids[position]!));
    },
  });
  left.notes.forEach(note);
  return left.texts;
}

async function openLexicon(
  context: StageContext,
  note: (message: string) => void,
): Promise<{ lexicon: TeacherLexicon; shipped: boolean }> {
  const { kind: name } = context.recipe.teacher;
  const place = teacherPlace(context);
  const { kind, options } = await place.findKind(context.recipe.teacher);
  const own = await kind.lexicon(options, place);
  if (own !== null) return { lexicon: own, shipped: false };
  note(
    `A teacher of kind ${name} has no word vectors that can be read: the students' vocabulary and start come from the shipped encoder.`,
  );
  return { lexicon: await shippedLexicon(place), shipped: true };
}
