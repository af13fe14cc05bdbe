import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LimbeckError } from "../../src/errors.ts";
import { deleteCheckpoints } from "../../src/fitting/checkpoint.ts";
import { answerSet } from "../../src/fitting/validation.ts";
import { acquireLock, type Lock } from "../../src/platform/lock.ts";
import type { TeacherContext } from "../../src/types.ts";
import { checkTokenizerFit } from "../transformers/tokenizer-fit.ts";
import {
  artefactFolder,
  discardManifest,
  readArtefact,
  writeManifest,
  writeModel,
  type Artefact,
  type FitDescription,
} from "./artefact.ts";
import type { BaseModel } from "./base-model.ts";
import { checkExport } from "./check-export.ts";
import { describeConfig } from "./describe.ts";
import { announceFit, factsOf } from "./facts.ts";
import { fineTune, type Fitted } from "./fit.ts";
import { sessionOptions } from "./label-texts.ts";
import type { FineTunedOptions } from "./options.ts";
import type { LabelledSplit } from "./split-labelled.ts";

/** Checkpoints and metrics.jsonl of a fit, beside what it leaves. */
const WORK = "training";
const POLL_MILLISECONDS = 1000;

export interface TrainArtefactOptions {
  base: BaseModel;
  options: FineTunedOptions;
  split: LabelledSplit;
  seed: number;
  description: FitDescription;
  digest: string;
  context: Pick<TeacherContext, "classes" | "modelsFolder" | "workers" | "signal" | "report">;
}

/**
 * The model that was fine-tuned from these inputs, or is now: a finished one is only opened, one that was interrupted
 * goes on from its last checkpoint, and one that another process is at work on is waited for.
 *
 * @throws LimbeckError as `fineTune` does.
 */
export async function ensureArtefact(options: TrainArtefactOptions): Promise<Artefact> {
  const { digest, context } = options;
  const folder = artefactFolder(context.modelsFolder, digest);
  const present = await readUndamaged(folder, context);
  if (present !== null) return present;
  const lock = await takeTurn(folder, context);
  try {
    const meanwhile = await readUndamaged(folder, context);
    if (meanwhile !== null) return meanwhile;
    await train(folder, options);
    return (await readArtefact(folder))!;
  } finally {
    await lock.release();
  }
}

/** A damaged model is made anew: the same inputs give the same weights. */
async function readUndamaged(
  folder: string,
  { report }: Pick<TeacherContext, "report">,
): Promise<Artefact | null> {
  try {
    return await readArtefact(folder);
  } catch (thrown) {
    if (!(thrown instanceof LimbeckError)) throw thrown;
    const message = `${thrown.message.replace(/ Move .*$/, "")} It is fine-tuned anew.`;
    report({ kind: "warning", stage: "label", message });
    await discardManifest(folder);
    return null;
  }
}

async function takeTurn(
  folder: string,
  { signal, report }: Pick<TeacherContext, "signal" | "report">,
): Promise<Lock> {
  for (let told = false; ; told = true) {
    try {
      return await acquireLock(folder, "fine-tuning the teacher");
    } catch (thrown) {
      if (!(thrown instanceof LimbeckError) || thrown.code !== "E_LOCKED") throw thrown;
      const message = `Another process fine-tunes this teacher already; its model is waited for. ${thrown.message}`;
      if (!told) report({ kind: "note", stage: "label", message });
      await wait(POLL_MILLISECONDS);
      if (signal.aborted) throw new LimbeckError("E_ABORTED", "Stopped while waiting.");
    }
  }
}

async function train(folder: string, options: TrainArtefactOptions): Promise<void> {
  const { base, split, seed, digest, context } = options;
  const { classes, workers, signal, report } = context;
  report({ kind: "note", stage: "label", message: announceFit(split, options.options) });
  const { model } = options.options;
  await checkTokenizerFit({ folder: base.path, model, texts: split.training, report });
  const { loadTextEncoder } = await import("../transformers/text-encoder.ts");
  const fitted = await fineTune({
    base,
    options: options.options,
    split,
    classes: classes.length,
    encodeText: await loadTextEncoder(base.path, options.options.maxLength),
    seed,
    folder: join(folder, WORK),
    digest,
    workers,
    signal,
    progress(done, total) {
      report({ kind: "progress", stage: "label", task: "fine-tuning", done, total, unit: "steps" });
    },
  });
  try {
    await keep(folder, fitted, options);
  } finally {
    await fitted.program.dispose();
  }
  // The scores of each epoch stay: metrics.jsonl.
  await deleteCheckpoints(join(folder, WORK));
}

async function keep(folder: string, fitted: Fitted, options: TrainArtefactOptions): Promise<void> {
  const { base, split, description, digest, context } = options;
  const { program, outcome } = fitted;
  const { classes } = context;
  // Answers to gold validation texts are anybody's to ask for: the texts are at hand wherever the teacher is.
  const given = split.from === "labelled" ? fitted.heldOut : null;
  const files = await writeModel(folder, {
    base,
    config: describeConfig(base.config, { classes, options: options.options }),
    weights: outcome.weights,
    model: await program.exportOnnx({ outputs: { logits: "logits" } }),
    heldOut: given && { ids: given.ids, logits: await answerSet(program, given) },
  });
  await checkExport(program, fitted.training, sessionOptions({ folder }, classes.length));
  await writeManifest(folder, {
    digest,
    description,
    files,
    parameters: Object.values(outcome.weights).reduce((sum, { data }) => sum + data.length, 0),
    heldOut: given && [...given.ids],
    facts: factsOf(fitted, split, options.options),
  });
}
