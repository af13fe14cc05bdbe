import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { scoreProbabilities } from "../evaluation/teacher-on-test.ts";
import type { LabelStore } from "../labels/label-store.ts";
import {
  applyCalibration,
  fitCalibration,
  type Calibration,
  type CalibrationTexts,
} from "../math/calibration.ts";
import { splitFold, stratifiedFolds } from "../math/folds.ts";
import { Random } from "../math/random.ts";
import { digestOf, sha256 } from "../platform/digest.ts";
import { writeJson } from "../platform/files.ts";
import type {
  CalibrationDetails,
  CalibrationMethod,
  CalibrationScores,
  LabelledText,
  Teacher,
} from "../types.ts";

interface Gold {
  labelled: readonly LabelledText[];
  validation: readonly LabelledText[];
}

/** One number, or one a class, needs no more texts. */
const MOST_TEXTS = 20_000;
/** Fewer texts than this say little about confidence. */
const FEW_TEXTS = 100;
const FOLDS = 5;
const UNCALIBRATED: Calibration = { temperature: 1, bias: null };

/** Which gold labels a calibration of this teacher may be fitted on: none that the teacher has learned from. */
function goldFor(teacher: Teacher, gold: Gold): CalibrationDetails["fittedOn"] | null {
  if (gold.validation.length > 0 && teacher.usesValidation !== true) return "validation";
  return teacher.heldOut === null ? null : "held-out";
}

/**
 * Refuses a calibration that cannot be had, before anything is labelled.
 *
 * @throws LimbeckError `E_TEACHER`
 */
export function checkCalibration(
  method: CalibrationMethod | "none",
  teacher: Teacher,
  gold: Gold,
): void {
  if (method === "none" || goldFor(teacher, gold) !== null) return;
  throw new LimbeckError(
    "E_TEACHER",
    "Expected gold labels that the teacher has not learned from to calibrate it on, got neither a validation split with " +
      "labels nor held-out answers for the labelled texts. Name labelled texts in data.source.validation, or set teacher.calibrate: none.",
  );
}

export interface CalibrateOptions {
  method: CalibrationMethod;
  teacher: Teacher;
  /** The teacher's labels, which are complete. */
  store: LabelStore;
  gold: Gold;
  seed: number;
}

/**
 * Fits temperature, and bias, of a teacher (see {@link fitCalibration}) on gold labels that it has not learned from, and
 * keeps them as `calibration/<digest>.json` in its label store, beside the raw logits.
 *
 * @returns null with a warning where no temperature minimises the loss
 */
export async function calibrate(
  options: CalibrateOptions,
): Promise<{ calibration: CalibrationDetails | null; warnings: string[] }> {
  const { method, teacher, store, gold, seed } = options;
  const fittedOn = goldFor(teacher, gold);
  if (fittedOn === null) throw new RangeError("Expected a calibration that was checked before.");
  const { ids, texts } = sample(await readTexts(options, fittedOn), seed);
  const fitted = texts.labels.length === 0 ? "none" : await fit(texts, method);
  if (typeof fitted === "string") return { calibration: null, warnings: [WHY_NOT[fitted]] };
  const { temperature, bias } = fitted;
  const description = { format: 1, method, ids, labels: [...texts.labels], seed };
  const calibration: CalibrationDetails = {
    method,
    temperature,
    bias: bias && [...bias],
    digest: digestOf({ ...description, logits: sha256(bytesOf(texts.logits)) }),
    fittedOn,
    texts: ids.length,
    before: scoreProbabilities(texts.logits, texts.labels, texts.classes),
    after: await scoreByFolds(texts, method, seed),
  };
  await writeJson(join(store.root, "calibration", `${calibration.digest}.json`), calibration);
  const few = `The calibration was fitted on ${ids.length} texts only: temperature and errors are rough.`;
  return { calibration, warnings: ids.length < FEW_TEXTS ? [few] : [] };
}

const WHY_NOT = {
  none: "The teacher is not calibrated: it answered none of the texts that it could be calibrated on.",
  "all-right":
    "The teacher is not calibrated: it is right on all texts that it could be calibrated on, so that no temperature is the best.",
  "no-better-than-chance":
    "The teacher is not calibrated: on the texts that it could be calibrated on its probabilities are no better than chance.",
} as const;

function fit(texts: CalibrationTexts, method: CalibrationMethod) {
  return fitCalibration(texts, { bias: method === "temperature+bias" });
}

interface GoldAnswers {
  ids: readonly string[];
  texts: CalibrationTexts;
}

/** The teacher's answers for the texts to fit on, with their gold classes. */
async function readTexts(
  { teacher, store, gold }: CalibrateOptions,
  fittedOn: CalibrationDetails["fittedOn"],
): Promise<GoldAnswers> {
  const classes = teacher.labels.length;
  const { heldOut } = teacher;
  if (fittedOn === "held-out" && heldOut !== null && heldOut !== "any") {
    const labels = new Map(gold.labelled.map(({ id, label }) => [id, label]));
    const unknown = heldOut.ids.find((id) => !labels.has(id));
    if (unknown !== undefined) throw new RangeError(`Expected a labelled text, got ${unknown}.`);
    return {
      ids: heldOut.ids,
      texts: {
        logits: heldOut.logits,
        labels: Int32Array.from(heldOut.ids, (id) => labels.get(id)!),
        classes,
      },
    };
  }
  const rows = (fittedOn === "validation" ? gold.validation : gold.labelled).filter(({ id }) =>
    store.has(id),
  );
  const ids = rows.map(({ id }) => id);
  const labels = Int32Array.from(rows, ({ label }) => label);
  return { ids, texts: { logits: await store.read(ids), labels, classes } };
}

/** At most so many of the texts, drawn by the seed. */
function sample({ ids, texts }: GoldAnswers, seed: number): GoldAnswers {
  if (ids.length <= MOST_TEXTS) return { ids, texts };
  const drawn = new Random("calibration", seed).shuffle([...ids.keys()]).slice(0, MOST_TEXTS);
  return { ids: drawn.map((row) => ids[row]!), texts: select(texts, drawn) };
}

function select({ logits, labels, classes }: CalibrationTexts, rows: readonly number[]) {
  const chosen = new Float32Array(rows.length * classes);
  rows.forEach((row, place) => {
    chosen.set(logits.subarray(row * classes, (row + 1) * classes), place * classes);
  });
  return { logits: chosen, labels: Int32Array.from(rows, (row) => labels[row]!), classes };
}

/** Scores each text after a calibration that was fitted on the other folds: what was fitted on a text flatters it. */
async function scoreByFolds(
  texts: CalibrationTexts,
  method: CalibrationMethod,
  seed: number,
): Promise<CalibrationScores> {
  const { logits, labels, classes } = texts;
  const calibrated = logits.slice();
  // One stratum: few texts of many classes would else never be held out.
  const folds = stratifiedFolds(new Int32Array(labels.length), FOLDS, seed);
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const { training, heldOut } = splitFold(folds, fold);
    if (training.length === 0 || heldOut.length === 0) continue;
    const found = await fit(select(texts, training), method);
    const applied = applyCalibration(
      select(texts, heldOut).logits,
      typeof found === "string" ? UNCALIBRATED : found,
    );
    heldOut.forEach((row, place) => {
      calibrated.set(applied.subarray(place * classes, (place + 1) * classes), row * classes);
    });
  }
  return scoreProbabilities(calibrated, labels, classes);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
