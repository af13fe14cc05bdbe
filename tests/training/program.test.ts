import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { CompiledProgram } from "../../src/engine/types.ts";
import { Random } from "../../src/math/random.ts";
import { students } from "../../src/registry.ts";
import {
  EMBEDDINGS,
  studentProgram,
  targetsOf,
  type LossChoice,
} from "../../src/training/program.ts";
import { trainRun } from "../../src/fitting/train-run.ts";
import type { TrainingSet } from "../../src/fitting/training-set.ts";
import { validate } from "../../src/fitting/validation.ts";
import { toySet } from "../fitting/toy-program.ts";

const CLASSES = 4;
const PIECES = 30;
const set = toySet({ rows: 96, classes: CLASSES });
const options: Record<string, unknown> = {
  bilstm: { hidden: 16 },
  transformer: { layers: 1, hidden: 16, heads: 2, intermediate: 32 },
};

async function compileStudent(kind: string, loss: LossChoice): Promise<CompiledProgram> {
  const student = await students[kind]!();
  const random = new Random("toy embeddings");
  const values = Float32Array.from({ length: PIECES * 16 }, (_, index) =>
    index < 16 ? 0 : 0.3 * random.normal(),
  );
  const program = studentProgram({
    student,
    options: student.options.parse(options[kind]),
    sizes: { embedding: 16, classes: CLASSES, maxLength: 16 },
    pieces: PIECES,
    embeddings: { kind: "values", values },
    loss,
  });
  const optimizer = {
    kind: "adamw" as const,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
  };
  return compile(program, { seed: 0, optimizer, clipNorm: 1, maxTokens: 16 * 16 });
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-program-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Trains for 20 epochs on all texts. @returns the share of them whose class it then answers as the true targets say. */
async function learn(
  kind: string,
  loss: LossChoice,
  on: TrainingSet,
): Promise<{ agreement: number; padding: number[] }> {
  const program = await compileStudent(kind, loss);
  try {
    const { weights } = await trainRun({
      program,
      set: on,
      validation: null,
      plan: {
        steps: 20 * 6,
        batch: 16,
        accumulate: 1,
        seed: 0,
        learningRate: 1e-2,
        schedule: "linear",
        warmup: 0.1,
        targets: targetsOf(loss),
      },
      patience: 1,
      folder,
      digest: "toy",
      signal: new AbortController().signal,
    });
    const { agreement } = await validate(program, { set, against: "gold", temperature: 1 });
    return { agreement, padding: [...weights[EMBEDDINGS]!.data.subarray(0, 16)] };
  } finally {
    await program.dispose();
  }
}

const hinton = (alpha: number): LossChoice => ({ kind: "hinton", temperature: 2, alpha });

describe("a student on the toy set", () => {
  it.each([
    ["bilstm", hinton(0)],
    ["bilstm", hinton(0.5)],
    ["bilstm", { kind: "cross-entropy" }],
    ["transformer", hinton(0)],
  ] satisfies [string, LossChoice][])("%s learns it wholly, with %j", async (kind, loss) => {
    const { agreement, padding } = await learn(kind, loss, set);
    expect(agreement).toBe(1);
    // The padding piece comes in most batches and never learns.
    expect(padding).toEqual(new Array(16).fill(0));
  });

  it("names parameter, step and texts where a huge learning rate ends in NaN", async () => {
    const program = await compileStudent("bilstm", hinton(0));
    try {
      const run = trainRun({
        program,
        set,
        validation: null,
        plan: {
          ...{ steps: 60, batch: 16, accumulate: 1, seed: 0, targets: targetsOf(hinton(0)) },
          ...{ learningRate: 1e38, schedule: "linear", warmup: 0 },
        },
        patience: 1,
        folder,
        digest: "toy",
        signal: new AbortController().signal,
      });
      await expect(run).rejects.toMatchObject({
        code: "E_TRAINING",
        message: expect.stringMatching(
          /stopped at step \d+, epoch \d+: .*got (NaN|-?Infinity) in \S+,.* this step: (text-\d+, ){4}text-\d+ and 11 more\. Try a lower train\.learningRate/,
        ) as string,
      });
    } finally {
      await program.dispose();
    }
  });

  it("learns nothing right from targets that are shifted by one text", async () => {
    const logits = Float32Array.from(set.logits!.keys(), (index) =>
      set.logits!.at(index - CLASSES)!,
    );
    // Texts come in turns of the classes: shifted by one, each is taught the class before its own.
    expect((await learn("bilstm", hinton(0), { ...set, logits })).agreement).toBe(0);
  });
});

describe("targetsOf", () => {
  it("reads no teacher with alpha 1, no gold label with alpha 0", () => {
    expect(targetsOf(hinton(0))).toEqual({ teacherLogits: true, labels: false });
    expect(targetsOf(hinton(0.3))).toEqual({ teacherLogits: true, labels: true });
    expect(targetsOf(hinton(1))).toEqual({ teacherLogits: false, labels: true });
    expect(targetsOf({ kind: "cross-entropy" })).toEqual({ teacherLogits: false, labels: true });
  });
});
