import { rm } from "node:fs/promises";
import { saveLinear, trainLinear } from "../controls/linear.ts";
import { LimbeckError } from "../errors.ts";
import { softmax } from "../math/softmax.ts";
import type { TrainedRun } from "../types.ts";
import type { JobControl, LinearJob } from "./jobs.ts";
import { readLineFile } from "./line-file.ts";
import { deleteRunManifest, writeRunManifest } from "./run-manifest.ts";
import { readSet } from "./set-files.ts";
import { labelledRows, type TrainingSet } from "../fitting/training-set.ts";

/** Trains a linear control; leaves its model and manifest.json. It takes seconds, so it keeps no checkpoint. */
export async function runLinearJob(job: LinearJob, { signal }: JobControl): Promise<TrainedRun> {
  const started = performance.now();
  const { folder, digest, header, seed } = job;
  const set = await readSet(job.set);
  const texts = await readLineFile<string>(job.texts);
  const rows = header.targets === "hard-labels" ? labelledRows(set) : [...set.labels.keys()];
  const model = await trainLinear({
    texts: rows.map((row) => texts[row]!),
    targets:
      header.targets === "hard-labels"
        ? { labels: Int32Array.from(rows, (row) => set.labels[row]!) }
        : { probabilities: softTargets(set) },
    classes: set.classes,
    seed,
    signal,
  }).catch((thrown: unknown) => {
    if (signal.aborted)
      throw new LimbeckError("E_ABORTED", "Training a linear control was stopped.");
    throw thrown;
  });
  await deleteRunManifest(folder);
  await rm(folder, { recursive: true, force: true });
  await saveLinear(folder, model);
  const run: TrainedRun = {
    ...header,
    steps: model.facts.iterations,
    epochs: model.facts.iterations,
    bestStep: model.facts.iterations,
    validationScore: null,
    parameters: model.parameters,
    seconds: (performance.now() - started) / 1000,
    options: { ...header.options, ...model.facts },
  };
  await writeRunManifest(folder, { digest, run, files: ["weights.safetensors", "model.json"] });
  return run;
}

/** softmax(z_t), `[N, C]`: on held-out texts these teach a linear model more than the teacher's argmax does. */
function softTargets({ logits, classes, rows }: TrainingSet): Float32Array {
  const probabilities = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row += 1) {
    const first = row * classes;
    probabilities.set(softmax(logits!.subarray(first, first + classes), 1), first);
  }
  return probabilities;
}
