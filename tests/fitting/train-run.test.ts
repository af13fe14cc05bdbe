import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CompiledProgram } from "../../src/engine/types.ts";
import { EngineError } from "../../src/engine/errors.ts";
import type { MetricsLine } from "../../src/fitting/metrics-log.ts";
import { trainRun, type RunOptions } from "../../src/fitting/train-run.ts";
import { toyProgram, toySet } from "./toy-program.ts";

const CLASSES = 5;
const set = toySet({ rows: 100, classes: CLASSES });
const heldOut = toySet({ rows: 40, classes: CLASSES, seed: 1 });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-train-run-"));
});
afterEach(() => rm(folder, { recursive: true }));

// 100 texts in batches of 16: 7 steps per epoch, 6 epochs.
const plan = {
  steps: 42,
  batch: 16,
  accumulate: 1,
  seed: 0,
  learningRate: 0.3,
  schedule: "linear" as const,
  warmup: 0.1,
  targets: { teacherLogits: true, labels: false },
};

function options(more: Partial<RunOptions> = {}): RunOptions {
  return {
    program: toyProgram({ pieces: 30, classes: CLASSES }),
    set,
    validation: { set: heldOut, against: "teacher", temperature: 1 },
    plan,
    patience: 5,
    folder,
    digest: "a",
    signal: new AbortController().signal,
    ...more,
  };
}

const readMetrics = async (from = folder): Promise<MetricsLine[]> =>
  (await readFile(join(from, "metrics.jsonl"), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as MetricsLine);

/** Stops after a step, as Ctrl-C does. */
async function stopAfter(step: number, more: Partial<RunOptions> = {}): Promise<void> {
  const stop = new AbortController();
  const onStep = (made: number) => {
    if (made === step) stop.abort();
  };
  await expect(trainRun(options({ signal: stop.signal, onStep, ...more }))).rejects.toMatchObject({
    code: "E_ABORTED",
  });
}

describe("trainRun", () => {
  it("learns the toy set", async () => {
    const outcome = await trainRun(options());
    expect(outcome).toMatchObject({ steps: 42, score: { agreement: 1 } });
  });

  it("writes a line per step, with the validation score at the end of each epoch", async () => {
    await trainRun(options());
    const lines = await readMetrics();
    expect(lines.map(({ step }) => step)).toEqual(
      Array.from({ length: 42 }, (_, index) => index + 1),
    );
    expect(lines.filter((line) => line.validation).map(({ step, epoch }) => [step, epoch])).toEqual(
      [1, 2, 3, 4, 5, 6].map((epoch) => [7 * epoch, epoch]),
    );
    // Warm-up over 4.2 steps: step 1 has the rate 0, step 2 a 4.2th of the peak; the last is 1 of 37.8 before 0.
    expect(lines[0]!.learningRate).toBe(0);
    expect(lines[1]!.learningRate).toBeCloseTo(0.3 / 4.2, 12);
    expect(lines[41]!.learningRate).toBeCloseTo(0.3 / 37.8, 12);
    expect(
      lines.every(({ textsPerSecond, gradientNorm }) => textsPerSecond > 0 && gradientNorm > 0),
    ).toBe(true);
  });

  // 7 and 14 end an epoch, 15 begins one, 25 is in the midst of one.
  it.each([1, 7, 14, 15, 25])(
    "goes on after step %i to the same weights and metrics, bit for bit",
    async (step) => {
      const apart = await mkdtemp(join(tmpdir(), "limbeck-undisturbed-"));
      try {
        const undisturbed = await trainRun(options({ folder: apart }));
        await stopAfter(step);
        const program = toyProgram({ pieces: 30, classes: CLASSES });
        const resumed = await trainRun(options({ program }));
        expect(resumed.weights).toEqual(undisturbed.weights);
        expect(resumed).toMatchObject({ bestStep: undisturbed.bestStep, score: undisturbed.score });
        const timeless = (lines: MetricsLine[]) =>
          lines.map((line) => ({ ...line, textsPerSecond: 0 }));
        expect(timeless(await readMetrics())).toEqual(timeless(await readMetrics(apart)));
      } finally {
        await rm(apart, { recursive: true });
      }
    },
  );

  it("goes on where it was stopped, not at the beginning", async () => {
    await stopAfter(25);
    const made: number[] = [];
    await trainRun(options({ onStep: (step) => made.push(step) }));
    expect(made[0]).toBe(26);
  });

  it("cuts off lines of steps that will be made again", async () => {
    await stopAfter(10);
    const path = join(folder, "metrics.jsonl");
    await writeFile(path, `${await readFile(path, "utf8")}{"step":11}\n{"step":12,"lo`);
    await trainRun(options());
    expect((await readMetrics()).map(({ step }) => step)).toEqual(
      Array.from({ length: 42 }, (_, index) => index + 1),
    );
  });

  it("starts anew where the checkpoint is of another digest", async () => {
    await stopAfter(25);
    const made: number[] = [];
    await trainRun(options({ digest: "b", onStep: (step) => made.push(step) }));
    expect(made[0]).toBe(1);
    expect((await readMetrics())[0]!.step).toBe(1);
  });

  it("keeps one checkpoint", async () => {
    await stopAfter(25);
    expect((await readdir(folder)).sort()).toEqual(["checkpoint-25", "metrics.jsonl"]);
  });

  it("starts anew where the only checkpoint is damaged", async () => {
    await stopAfter(25);
    const path = join(folder, "checkpoint-25", "optimizer.safetensors");
    await writeFile(path, (await readFile(path)).subarray(0, 90));
    const made: number[] = [];
    await trainRun(options({ onStep: (step) => made.push(step) }));
    expect(made[0]).toBe(1);
  });
});

describe("gradient accumulation", () => {
  // 7 batches per epoch make updates of 3, 3 and 1; two epochs.
  const accumulated = { ...plan, accumulate: 3, steps: 6 };

  it("makes an update of so many batches, and of what is left at the end of an epoch", async () => {
    const toy = toyProgram({ pieces: 30, classes: CLASSES });
    const updates: number[][] = [];
    const program: CompiledProgram = {
      ...toy,
      step: (given, rate) => {
        updates.push([given].flat().map(({ batch }) => batch));
        return toy.step(given, rate);
      },
    };
    await trainRun(options({ program, plan: accumulated }));
    expect(updates.map((batches) => batches.length)).toEqual([3, 3, 1, 3, 3, 1]);
    const epochs = [updates.slice(0, 3), updates.slice(3)].map((epoch) => epoch.flat(2));
    // Every text once an epoch.
    expect(epochs.map((sizes) => sizes.reduce((sum, size) => sum + size))).toEqual([100, 100]);
  });

  it("counts updates as steps, with an epoch's end at its last", async () => {
    await trainRun(options({ plan: accumulated }));
    const lines = await readMetrics();
    expect(lines.map(({ step, epoch }) => [step, epoch])).toEqual(
      [1, 1, 1, 2, 2, 2].map((epoch, index) => [index + 1, epoch]),
    );
    expect(lines.filter(({ validation }) => validation).map(({ step }) => step)).toEqual([3, 6]);
  });

  it("goes on in the midst of an epoch to the same weights", async () => {
    const apart = await mkdtemp(join(tmpdir(), "limbeck-undisturbed-"));
    try {
      const undisturbed = await trainRun(options({ folder: apart, plan: accumulated }));
      await stopAfter(4, { plan: accumulated });
      expect((await trainRun(options({ plan: accumulated }))).weights).toEqual(undisturbed.weights);
    } finally {
      await rm(apart, { recursive: true });
    }
  });
});

describe("early stopping", () => {
  /** Scores by epoch: the program's answers are right (logit 4) or worse. */
  function scripted(qualities: readonly number[]): CompiledProgram {
    const toy = toyProgram({ pieces: 30, classes: CLASSES });
    let epoch = -1;
    let steps = 0;
    return {
      ...toy,
      step: (batch, given) => {
        steps += 1;
        epoch = Math.ceil(steps / 7) - 1;
        return toy.step(batch, given);
      },
      forward: ({ batch }) => {
        const data = new Float32Array(batch * CLASSES);
        for (let row = 0; row < batch; row += 1) data[row * CLASSES] = qualities[epoch]!;
        return Promise.resolve({ logits: { shape: [batch, CLASSES], data } });
      },
    };
  }
  // All answers are class 0 with this logit: the smaller, the nearer to the teacher's mean.
  const qualities = [9, 6, 7, 8, 5, 9];

  it("stops after `patience` epochs without a better score, and keeps the best", async () => {
    const outcome = await trainRun(options({ program: scripted(qualities), patience: 2 }));
    // Epoch 2 is best, 3 and 4 are worse: stop at the end of epoch 4, step 28.
    expect(outcome).toMatchObject({ steps: 28, bestStep: 14 });
  });

  it("begins to count anew with every better score", async () => {
    // Epochs 3 and 5 are worse than the best so far, never two in turn.
    const outcome = await trainRun(options({ program: scripted([9, 6, 7, 5, 8, 4]), patience: 2 }));
    expect(outcome).toMatchObject({ steps: 42, bestStep: 42 });
  });

  it("returns the best step's weights, not the last", async () => {
    const snapshots = new Map<number, Float32Array>();
    const program = scripted(qualities);
    const onStep = (step: number) => {
      // The toy's state is there at once.
      void program.saveState().then(({ weights }) => snapshots.set(step, weights["w"]!.data));
    };
    const outcome = await trainRun(options({ program, patience: 2, onStep }));
    expect(outcome.weights["w"]!.data).toEqual(snapshots.get(14));
    expect(outcome.weights["w"]!.data).not.toEqual(snapshots.get(28));
  });

  it("does not train further when a run that had stopped early is started again", async () => {
    await trainRun(options({ program: scripted(qualities), patience: 2 }));
    const made: number[] = [];
    const outcome = await trainRun(options({ patience: 2, onStep: (step) => made.push(step) }));
    expect(made).toEqual([]);
    expect(outcome).toMatchObject({ steps: 28, bestStep: 14 });
  });

  it("makes all steps and keeps the last weights where nothing is held out", async () => {
    const program = toyProgram({ pieces: 30, classes: CLASSES });
    const outcome = await trainRun(options({ program, validation: null, patience: 1 }));
    expect(outcome).toMatchObject({ steps: 42, bestStep: 42, score: null });
    expect(outcome.weights).toEqual((await program.saveState()).weights);
  });
});

describe("a loss that is not finite", () => {
  /** Fails at a step, as the engine does. */
  function failing(at: number): CompiledProgram {
    const toy = toyProgram({ pieces: 30, classes: CLASSES });
    let steps = 0;
    return {
      ...toy,
      step: (batch, given) => {
        steps += 1;
        if (steps < at) return toy.step(batch, given);
        return Promise.reject(
          new EngineError("E_NONFINITE", "Expected finite gradients, got NaN in lstm.weight."),
        );
      },
    };
  }

  it("stops with step, epoch, parameter, texts and cure; the last checkpoint is kept", async () => {
    await expect(trainRun(options({ program: failing(18) }))).rejects.toMatchObject({
      code: "E_TRAINING",
      message: expect.stringMatching(
        /step 18, epoch 3: .*NaN in lstm\.weight.* this step: (text-\d+, ){4}text-\d+ and 11 more\..*learningRate.*The checkpoint of step 14 is kept\.$/,
      ) as string,
    });
    expect(await readdir(folder)).toContain("checkpoint-14");
  });

  it("leaves the metrics up to the step before, and says that there is no checkpoint", async () => {
    await expect(trainRun(options({ program: failing(5) }))).rejects.toMatchObject({
      message: expect.stringMatching(/No checkpoint had been saved yet\.$/) as string,
    });
    expect((await readMetrics()).map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  });
});
