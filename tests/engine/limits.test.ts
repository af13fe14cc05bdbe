import * as tf from "@tensorflow/tfjs";
import { InferenceSession } from "onnxruntime-node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { Program } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { compileOptions, makeBatch, studentProgram } from "./programs.ts";

const program = studentProgram(bilstm, { hidden: 3, dropout: 0.1 });

describe("sessions", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("are made once per model, not per size: one to train, one more to use", async () => {
    const create = vi.spyOn(InferenceSession, "create");
    const compiled = await compile(program, compileOptions);
    for (let length = 1; length <= 8; length += 1) {
      for (const texts of [1, 2, 5]) {
        const lengths = Array<number>(texts).fill(length);
        await compiled.step(makeBatch(lengths), { learningRate: 0.01 });
      }
    }
    expect(create).toHaveBeenCalledTimes(1);
    for (let length = 1; length <= 8; length += 1) await compiled.forward(makeBatch([length, 1]));
    expect(create).toHaveBeenCalledTimes(2);
    await compiled.dispose();
  });
});

describe("a batch of no texts, or of no tokens", () => {
  it("is refused before it reaches the runtime, and changes nothing", async () => {
    const compiled = await compile(program, compileOptions);
    const before = await compiled.saveState();
    const none = new Float32Array(0);
    const noTexts = {
      batch: 0,
      length: 3,
      tokens: new Int32Array(0),
      inputs: { mask: none, targets: none },
    };
    const noTokens = {
      ...noTexts,
      batch: 1,
      length: 0,
      inputs: { mask: none, targets: Float32Array.of(1, 0, 0) },
    };
    for (const batch of [noTexts, noTokens]) {
      const refusal = expect.objectContaining({
        code: "E_SHAPE",
        message: expect.stringContaining(`got ${batch.batch} of ${batch.length}`) as string,
      }) as Error;
      await expect(compiled.step(batch, { learningRate: 0.1 })).rejects.toThrow(refusal);
      await expect(compiled.forward(batch)).rejects.toThrow(refusal);
    }
    expect(await compiled.saveState()).toEqual(before);
    await compiled.dispose();
  });
});

describe("100,000 classes", () => {
  it("train a step and are exported, in memory of the order of the weights", async () => {
    const classes = 100_000;
    const width = 4;
    const wide: Program = {
      parameters: [
        { name: "weight", shape: [width, classes], initializer: { kind: "zeros" } },
        { name: "bias", shape: [classes], initializer: { kind: "zeros" } },
      ],
      embedding: {
        name: "table",
        rows: 23,
        size: width,
        initializer: { kind: "normal", deviation: 1 },
      },
      inputs: {
        mask: { shape: ["B", "L"], dtype: "float32" },
        labels: { shape: ["B"], dtype: "int32" },
      },
      forward: ({ weight, bias }, { embedded }) => ({
        logits: tf.add(tf.matMul(tf.sum<tf.Tensor2D>(embedded!, 1), weight!), bias!),
      }),
      loss: ({ logits }, { labels }) => {
        const targets = tf.oneHot(labels as tf.Tensor1D, classes);
        const perText = tf.sum(tf.mul(targets, tf.logSoftmax(logits!)), 1);
        return { loss: tf.neg<tf.Scalar>(tf.mean(perText)) };
      },
    };
    const before = process.memoryUsage().rss;
    const compiled = await compile(wide, compileOptions);
    const { batch, length, tokens } = makeBatch([3, 2]);
    const mask = new Float32Array(batch * length);
    const given = { batch, length, tokens: tokens! };
    const labels = Int32Array.of(7, 99_999);
    const step = () => compiled.step({ ...given, inputs: { mask, labels } }, { learningRate: 0.1 });
    // All logits are 0 at first: -log(1 / 100,000) = 11.512925.
    expect((await step()).loss).toBeCloseTo(11.512925, 4);
    expect((await step()).loss).toBeLessThan(11.5);
    const bytes = await compiled.exportOnnx({ outputs: { logits: "logits" } });
    const weights = 4 * (width * classes + classes + 23 * width);
    expect(bytes.length).toBeGreaterThan(weights);
    expect(bytes.length).toBeLessThan(weights + 10_000);
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
    await session.release();
    await compiled.dispose();
    // Weights, two moments and a gradient are 8 MB, the activations of a step less; the rest is the runtime's arena.
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });
});
