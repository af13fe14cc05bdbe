import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  deleteCheckpoints,
  loadCheckpoint,
  saveCheckpoint,
  type Checkpoint,
} from "../../src/fitting/checkpoint.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-checkpoint-"));
});
afterEach(() => rm(folder, { recursive: true }));

const tensor = (...values: number[]) => ({
  shape: [values.length],
  data: Float32Array.from(values),
});
function checkpoint(step: number, best = step): Checkpoint {
  return {
    progress: {
      digest: "a",
      step,
      best: { step: best, score: { loss: 0.5, agreement: 0.9 } },
      epochsWithoutImprovement: step - best,
      metricsBytes: 12,
      seconds: 1.5,
    },
    state: { step, weights: { w: tensor(step, 0.1) }, optimizer: { m: tensor(-step, 1e-30) } },
    best: best === step ? null : { w: tensor(best, 0.2) },
  };
}

describe("saveCheckpoint and loadCheckpoint", () => {
  it("give back what was saved, bit for bit", async () => {
    await saveCheckpoint(folder, checkpoint(3, 2));
    expect(await loadCheckpoint(folder, "a")).toEqual(checkpoint(3, 2));
  });

  it("do not write the best weights twice where they are the current ones", async () => {
    await saveCheckpoint(folder, checkpoint(3));
    expect((await readdir(join(folder, "checkpoint-3"))).sort()).toEqual([
      "optimizer.safetensors",
      "state.json",
      "weights.safetensors",
    ]);
    expect(await loadCheckpoint(folder, "a")).toEqual(checkpoint(3));
  });

  it("keep the newest alone", async () => {
    for (const step of [9, 10, 11]) await saveCheckpoint(folder, checkpoint(step));
    expect(await readdir(folder)).toEqual(["checkpoint-11"]);
  });

  it("take the newest by number, not by name, where a kill has left several", async () => {
    const apart = join(folder, "apart");
    for (const step of [9, 10, 11]) {
      await saveCheckpoint(apart, checkpoint(step));
      await rename(join(apart, `checkpoint-${step}`), join(folder, `checkpoint-${step}`));
    }
    expect((await loadCheckpoint(folder, "a"))?.progress.step).toBe(11);
    await rm(join(folder, "checkpoint-11"), { recursive: true });
    expect((await loadCheckpoint(folder, "a"))?.progress.step).toBe(10);
  });

  it("fall back to the older one where the newest is damaged", async () => {
    await saveCheckpoint(folder, checkpoint(9));
    await mkdir(join(folder, "checkpoint-10"));
    await writeFile(
      join(folder, "checkpoint-10", "state.json"),
      JSON.stringify(checkpoint(10).progress),
    );
    expect((await loadCheckpoint(folder, "a"))?.progress.step).toBe(9);
  });

  it("ignore what a kill left half-written, and clear it away with the next save", async () => {
    await saveCheckpoint(folder, checkpoint(9));
    const half = join(folder, ".checkpoint.tmp");
    await mkdir(half);
    await writeFile(
      join(half, "weights.safetensors"),
      (await readFile(join(folder, "checkpoint-9/weights.safetensors"))).subarray(0, 20),
    );
    expect((await loadCheckpoint(folder, "a"))?.progress.step).toBe(9);
    await saveCheckpoint(folder, checkpoint(10));
    expect(await readdir(folder)).toEqual(["checkpoint-10"]);
  });

  it("do not use, and delete, a checkpoint of another digest", async () => {
    await saveCheckpoint(folder, checkpoint(9));
    expect(await loadCheckpoint(folder, "b")).toBeNull();
    expect(await readdir(folder)).toEqual([]);
  });

  it("find nothing in a folder that is not there", async () => {
    expect(await loadCheckpoint(join(folder, "nowhere"), "a")).toBeNull();
    await deleteCheckpoints(join(folder, "nowhere"));
  });
});
