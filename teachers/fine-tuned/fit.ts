import { compile, readBertWeights, startFrom } from "../../src/engine/index.ts";
import type { CompiledProgram, Program } from "../../src/engine/index.ts";
import { messageOf } from "../../src/errors.ts";
import { stepsPerEpoch, type StepPlan } from "../../src/fitting/steps.ts";
import { trainRun, type RunOutcome } from "../../src/fitting/train-run.ts";
import { buildTrainingSet, textLengths, type TrainingSet } from "../../src/fitting/training-set.ts";
import type { LabelledText } from "../../src/types.ts";
import { modelError, type BaseModel } from "./base-model.ts";
import { peakRate, type FineTunedOptions } from "./options.ts";
import { classifierProgram, parameterGroups } from "./program.ts";
import type { LabelledSplit } from "./split-labelled.ts";
import { startHead } from "./warm-head.ts";

/** Parts of each batch, fixed since they change the last bits. More would cost more: each sums all the gradients. */
const SHARDS = 2;
const ADAMW = { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

export interface FitOptions {
  base: BaseModel;
  options: FineTunedOptions;
  split: LabelledSplit;
  /** C. */
  classes: number;
  encodeText: (text: string) => Int32Array;
  seed: number;
  /** Keeps checkpoints and metrics.jsonl. */
  folder: string;
  /** Of everything that the weights depend on: a checkpoint of other inputs is not used. */
  digest: string;
  /** Threads that work on a batch. */
  workers: number;
  signal: AbortSignal;
  /** Updates made, and of all. */
  progress: (done: number, total: number) => void;
}

export interface Fitted {
  /** Has the best weights. The caller disposes of it. */
  program: CompiledProgram;
  outcome: RunOutcome;
  epochs: number;
  bestEpoch: number;
  /** Empty where nothing is held out. */
  heldOut: TrainingSet;
  training: TrainingSet;
}

function tokenize(
  texts: readonly LabelledText[],
  { encodeText, classes, options }: FitOptions,
): Promise<TrainingSet> {
  return buildTrainingSet(texts, {
    tokenizer: { encode: (text) => [...encodeText(text)] },
    maxLength: options.maxLength,
    classes,
    readLogits: null,
  });
}

/** @throws LimbeckError `E_TEACHER` where the file lacks a tensor that config.json promises, or it is damaged. */
async function withBaseWeights(program: Program, base: BaseModel): Promise<Program> {
  try {
    const { weights } = await readBertWeights(base.weights, { program });
    return startFrom(program, weights);
  } catch (thrown) {
    const expected = "weights of the BERT that its config.json describes";
    throw modelError(base.path, expected, messageOf(thrown), thrown);
  }
}

async function compileClassifier(fit: FitOptions, longest: number): Promise<CompiledProgram> {
  const { base, options, classes, seed, workers } = fit;
  const fresh = classifierProgram({ config: base.config, options, classes });
  const program = await withBaseWeights(fresh, base);
  const shards = Math.min(SHARDS, options.batch);
  return compile(program, {
    seed,
    optimizer: { ...ADAMW, weightDecay: options.weightDecay },
    groups: parameterGroups(program, options),
    clipNorm: options.clipNorm,
    shards,
    workers: Math.min(workers, shards),
    maxTokens: options.batch * longest,
  });
}

function planOf({ options, seed }: FitOptions, rows: number): StepPlan {
  const { batch, epochs, schedule, warmup } = options;
  return {
    batch,
    accumulate: 1,
    steps: epochs * stepsPerEpoch(rows, { batch, accumulate: 1 }),
    schedule,
    warmup,
    learningRate: peakRate(options),
    seed,
    targets: { teacherLogits: false, labels: true },
    cure: "Try a lower teacher.learningRate, teacher.headRate or teacher.clipNorm.",
  };
}

/**
 * Fine-tunes a BERT on the labelled texts, from the last checkpoint of the same digest if there is one; the weights of
 * the epoch with the least cross-entropy on the held-out texts are kept. Killed and started again it gives the same weights, bit for
 * bit.
 *
 * @throws LimbeckError `E_ABORTED` after saving where `signal` stops it; `E_TRAINING` where loss or gradients are not
 *   finite; `E_TEACHER` where the weights are not those that config.json describes; `E_DISK`.
 */
export async function fineTune(fit: FitOptions): Promise<Fitted> {
  const { options, split, folder, digest, signal, progress } = fit;
  const training = await tokenize(split.training, fit);
  const heldOut = await tokenize(split.heldOut, fit);
  const longest = textLengths(training).reduce((most, length) => Math.max(most, length), 1);
  const program = await compileClassifier(fit, longest);
  try {
    if (options.head === "fitted") await startHead(program, training, fit);
    const plan = planOf(fit, training.rows);
    // Accuracy on a few texts is coarse, and the student learns from the probabilities too.
    const judged = { against: "gold", judge: "loss", temperature: 1 } as const;
    const outcome = await trainRun({
      program,
      set: training,
      validation: heldOut.rows > 0 ? { set: heldOut, ...judged } : null,
      plan,
      patience: options.patience,
      folder,
      digest,
      signal,
      onStep: (step) => {
        progress(step, plan.steps);
      },
    });
    await program.loadWeights(outcome.weights);
    const perEpoch = stepsPerEpoch(training.rows, plan);
    const [epochs, bestEpoch] = [outcome.steps, outcome.bestStep].map((at) => at / perEpoch);
    return {
      program,
      outcome,
      epochs: Math.ceil(epochs!),
      bestEpoch: Math.ceil(bestEpoch!),
      heldOut,
      training,
    };
  } catch (thrown) {
    await program.dispose();
    throw thrown;
  }
}
