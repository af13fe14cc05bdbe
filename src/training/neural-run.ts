import { join } from "node:path";
import { encodeSafetensors } from "../engine/safetensors.ts";
import type { StateDict } from "../engine/types.ts";
import { LimbeckError } from "../errors.ts";
import { readJson, writeFileAtomic, writeJson } from "../platform/files.ts";
import { loadTokenizer } from "../tokenizer/tokenizer.ts";
import type { TrainedRun } from "../types.ts";
import { buildStudent, startOfEmbeddings } from "./build-student.ts";
import { deleteCheckpoints } from "../fitting/checkpoint.ts";
import { chooseHardLabelTraining, type Candidate, type HardLabelChoice } from "./hard-label.ts";
import type { ChoiceJob, JobControl, NeuralJob, PlanJob, SetsJob, StudentJob } from "./jobs.ts";
import { targetsOf } from "./program.ts";
import { deleteRunManifest, writeRunManifest } from "./run-manifest.ts";
import { readSet } from "./set-files.ts";
import { stepsPerEpoch, type StepPlan } from "../fitting/steps.ts";
import { textLengths, type TrainingSet } from "../fitting/training-set.ts";
import { trainRun } from "../fitting/train-run.ts";
import type { Validation } from "../fitting/validation.ts";

/** Trains one student from its start, or from its last checkpoint; leaves weights.safetensors and manifest.json. */
export async function runNeuralJob(
  job: NeuralJob,
  { signal, onStep }: JobControl,
): Promise<TrainedRun> {
  const { folder, digest, seed, header, plan } = job;
  const set = await readSet(job.sets.set);
  const validation = await readValidation(job.sets);
  const program = await startProgram(job, set);
  try {
    await deleteRunManifest(folder);
    const stepPlan = planOf(plan, job.student, seed);
    const { patience } = plan;
    const outcome = await trainRun({
      program,
      set,
      validation,
      plan: stepPlan,
      patience,
      folder,
      digest,
      signal,
      onStep,
    });
    await writeFileAtomic(join(folder, "weights.safetensors"), encodeSafetensors(outcome.weights));
    const run: TrainedRun = {
      ...header,
      steps: outcome.steps,
      epochs: Math.ceil(outcome.steps / stepsPerEpoch(set.rows, plan)),
      bestStep: outcome.bestStep,
      validationScore: outcome.score?.agreement ?? null,
      parameters: countParameters(outcome.weights),
      seconds: outcome.seconds,
    };
    await writeRunManifest(folder, {
      digest,
      run,
      files: ["weights.safetensors", "metrics.jsonl"],
    });
    await deleteCheckpoints(folder);
    return run;
  } finally {
    await program.dispose();
  }
}

/** `choice.json` while it is made: trials so far; `choice` once there is one. */
interface ChoiceFile {
  schema: "limbeck.choice/1";
  digest: string;
  choice: HardLabelChoice | null;
  table: readonly Candidate[];
}

/** Chooses how the hard-label control is trained; leaves choice.json, trial by trial. */
export async function runChoiceJob(
  job: ChoiceJob,
  { signal, onStep }: JobControl,
): Promise<HardLabelChoice> {
  const path = join(job.folder, "choice.json");
  const write = async (choice: HardLabelChoice | null, table: readonly Candidate[]) => {
    await writeJson(path, {
      schema: "limbeck.choice/1",
      digest: job.digest,
      choice,
      table,
    } satisfies ChoiceFile);
  };
  const set = await readSet(job.sets.set);
  const validation = await readValidation(job.sets);
  const before = await readJson<ChoiceFile>(path).catch(() => null);
  const program = await startProgram(job, set);
  let steps = 0;
  try {
    const choice = await chooseHardLabelTraining({
      program,
      set,
      validation: validation?.set ?? null,
      plan: planOf(job.plan, job.student, job.seed),
      seed: job.seed,
      known: before?.digest === job.digest ? before.table : [],
      onStep: async (loss) => {
        steps += 1;
        onStep(steps, loss);
        await new Promise(setImmediate);
        if (signal.aborted)
          throw new LimbeckError(
            "E_ABORTED",
            "Choosing the hard-label control's training was stopped.",
          );
      },
      onCandidate: (table) => write(null, table),
    });
    await write(choice, choice.table);
    return choice;
  } finally {
    await program.dispose();
  }
}

/** A choice that was made for this digest, or null. */
export async function findChoice(folder: string, digest: string): Promise<HardLabelChoice | null> {
  const file = await readJson<ChoiceFile>(join(folder, "choice.json")).catch(() => null);
  return file?.digest === digest ? file.choice : null;
}

async function startProgram(
  { student, seed, plan, shardThreads }: NeuralJob | ChoiceJob,
  set: TrainingSet,
) {
  const { pieces } = await loadTokenizer(join(student.vocabulary, "tokenizer.json"));
  const longest = textLengths(set).reduce((most, length) => Math.max(most, length), 1);
  const embeddings = await startOfEmbeddings(student, pieces, seed);
  return buildStudent({
    student,
    classes: set.classes,
    pieces,
    seed,
    shardThreads,
    maxTokens: plan.batch * longest,
    embeddings,
  });
}

async function readValidation({ validation }: SetsJob): Promise<Validation | null> {
  return validation && { ...validation, set: await readSet(validation.set) };
}

function planOf(
  { patience: _patience, ...plan }: PlanJob,
  { loss }: StudentJob,
  seed: number,
): StepPlan {
  return { ...plan, seed, targets: targetsOf(loss) };
}

function countParameters(weights: StateDict): number {
  return Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
}
