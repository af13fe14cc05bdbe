import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { decodeSafetensors, encodeSafetensors } from "../engine/safetensors.ts";
import type { EngineState, StateDict } from "../engine/types.ts";
import { explainFileError, readJson, syncFolder } from "../platform/files.ts";
import type { ValidationScore } from "./validation.ts";

/** What the next step depends on besides weights and optimizer. */
export interface RunProgress {
  /** Of the run: a checkpoint of another recipe or other data is not used. */
  digest: string;
  /** Updates made. */
  step: number;
  /** The best validation so far, and the updates that led to it. */
  best: { step: number; score: ValidationScore } | null;
  epochsWithoutImprovement: number;
  /** Bytes of metrics.jsonl that belong to these updates. */
  metricsBytes: number;
  /** Time spent on them. */
  seconds: number;
}

export interface Checkpoint {
  progress: RunProgress;
  state: EngineState;
  /** Weights of the best step; null where there is none, or they are the state's own. */
  best: StateDict | null;
}

const NAME = /^checkpoint-(\d+)$/;

/**
 * Saves a checkpoint as `checkpoint-<step>/`: written beside under a hidden name, made durable, renamed into place,
 * then older ones are deleted. A kill at any moment leaves a whole one.
 *
 * @throws LimbeckError `E_DISK` when the disk is full or read-only; the last checkpoint stays.
 */
export async function saveCheckpoint(
  folder: string,
  { progress, state, best }: Checkpoint,
): Promise<void> {
  const final = join(folder, `checkpoint-${progress.step}`);
  const temporary = join(folder, ".checkpoint.tmp");
  try {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    await writeDurably(join(temporary, "weights.safetensors"), encodeSafetensors(state.weights));
    await writeDurably(
      join(temporary, "optimizer.safetensors"),
      encodeSafetensors(state.optimizer),
    );
    if (best) await writeDurably(join(temporary, "best.safetensors"), encodeSafetensors(best));
    await writeDurably(join(temporary, "state.json"), `${JSON.stringify(progress, null, 2)}\n`);
    await syncFolder(temporary);
    const older = await findCheckpoints(folder);
    // Same step again: a run that was resumed and stopped at once. Both are equal.
    if (older.includes(progress.step)) await rm(final, { recursive: true });
    await rename(temporary, final);
    await syncFolder(folder);
    for (const step of older) {
      if (step !== progress.step)
        await rm(join(folder, `checkpoint-${step}`), { recursive: true, force: true });
    }
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw explainFileError(thrown, final);
  }
}

/**
 * The latest whole checkpoint of this very run, or null. Those of another digest, and damaged ones, are deleted.
 *
 * @param digest - of the run: recipe, texts, targets, seed
 */
export async function loadCheckpoint(folder: string, digest: string): Promise<Checkpoint | null> {
  const steps = (await findCheckpoints(folder)).sort((a, b) => b - a);
  for (const step of steps) {
    const path = join(folder, `checkpoint-${step}`);
    const checkpoint = await readCheckpoint(path).catch(() => null);
    if (checkpoint?.progress.digest === digest) return checkpoint;
    await rm(path, { recursive: true, force: true });
  }
  return null;
}

/** Deletes all checkpoints: the run is finished. */
export async function deleteCheckpoints(folder: string): Promise<void> {
  for (const step of await findCheckpoints(folder)) {
    await rm(join(folder, `checkpoint-${step}`), { recursive: true, force: true });
  }
}

async function findCheckpoints(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names.flatMap((name) => {
    const step = NAME.exec(name)?.[1];
    return step === undefined ? [] : [Number(step)];
  });
}

async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  const progress = await readJson<RunProgress>(join(path, "state.json"));
  if (progress === null) return null;
  const read = async (name: string) => {
    const file = join(path, name);
    return decodeSafetensors(await readFile(file), file).tensors;
  };
  const state = {
    step: progress.step,
    weights: await read("weights.safetensors"),
    optimizer: await read("optimizer.safetensors"),
  };
  const own = progress.best === null || progress.best.step === progress.step;
  return { progress, state, best: own ? null : await read("best.safetensors") };
}

async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
