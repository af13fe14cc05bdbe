import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { DropoutPool } from "../../../src/engine/dropout/dropout-pool.ts";
import { compile } from "../../../src/engine/index.ts";
import type { CompileOptions, EngineState, Program } from "../../../src/engine/index.ts";
import { student as bilstm } from "../../../students/bilstm.ts";
import { student as transformer } from "../../../students/transformer.ts";
import { compileOptions, makeBatch, studentProgram } from "../programs.ts";
import { largestDifference } from "../sample-values.ts";
import { expectSameBits } from "../training-helpers.ts";

// Uneven parts, fewer texts than shards, one text, more texts than shards.
const BATCHES = [[4, 2, 3, 1, 5], [1], [3, 3], [2, 6, 1, 1, 4, 3, 2, 5]].map((lengths) =>
  makeBatch(lengths),
);

const students = {
  bilstm: (dropout: number) => studentProgram(bilstm, { hidden: 3, dropout }),
  transformer: (dropout: number) => studentProgram(transformer, { layers: 2, heads: 2, dropout }),
};

/** Losses of `steps` steps from a state, and where they lead. */
async function train(
  program: Program,
  options: Partial<CompileOptions>,
  { steps, from }: { steps: number; from?: EngineState },
) {
  const compiled = await compile(program, { ...compileOptions, clipNorm: 1, ...options });
  try {
    if (from) await compiled.loadState(from);
    const results = [];
    const first = from?.step ?? 0;
    for (let step = first; step < first + steps; step += 1) {
      results.push(await compiled.step(BATCHES[step % BATCHES.length]!, { learningRate: 0.01 }));
    }
    return { results, state: await compiled.saveState() };
  } finally {
    await compiled.dispose();
  }
}

function expectSameState(a: EngineState, b: EngineState): void {
  expect(a.step).toBe(b.step);
  expectSameBits(a.weights, b.weights);
  expectSameBits(a.optimizer, b.optimizer);
}

describe.each(Object.entries(students))("a %s in shards", (_name, make) => {
  it("gives the same bits on one, two and three workers, dropout included", async () => {
    const program = make(0.3);
    const alone = await train(program, { shards: 3 }, { steps: 8 });
    // Of eight workers, three have something to do.
    for (const workers of [2, 8]) {
      const together = await train(program, { shards: 3, workers }, { steps: 8 });
      expect(together.results).toEqual(alone.results);
      expectSameState(together.state, alone.state);
    }
  });

  it("has the loss and the gradients of the whole batch", async () => {
    const program = make(0);
    const whole = await compile(program, compileOptions);
    const sharded = await compile(program, { ...compileOptions, shards: 4, workers: 2 });
    for (const batch of BATCHES) {
      const [a, b] = [await whole.gradients(batch), await sharded.gradients(batch)];
      expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-6);
      expect(Object.keys(b.gradients)).toEqual(Object.keys(a.gradients));
      for (const [name, { data }] of Object.entries(a.gradients)) {
        // Gradients of about 0.1 to 1, in float32: a dozen roundings of 6e-8.
        expect(largestDifference(b.gradients[name]!.data, data), name).toBeLessThan(1e-6);
      }
      const step = await sharded.step(batch, { learningRate: 0.01 });
      expect(step.terms["double"]).toBeCloseTo(2 * step.loss, 5);
      await whole.step(batch, { learningRate: 0.01 });
      await whole.loadState(await sharded.saveState());
    }
    await Promise.all([whole.dispose(), sharded.dispose()]);
  });

  it("goes on bit for bit from a saved state", async () => {
    const program = make(0.3);
    const options = { shards: 2, workers: 2 };
    const whole = await train(program, options, { steps: 7 });
    const first = await train(program, options, { steps: 3 });
    // Saved by two workers, gone on with by one.
    const second = await train(program, { shards: 2 }, { steps: 4, from: first.state });
    expect(second.results).toEqual(whole.results.slice(3));
    expectSameState(second.state, whole.state);
  });
});

/** `loss = mean over the texts of Σ dropout(w ∘ x)`; its gradient is `mean of mask ∘ x`. */
const WIDTH = 400;
const dropping: Program = {
  parameters: [{ name: "w", shape: [WIDTH], initializer: { kind: "ones" } }],
  inputs: {
    x: { shape: ["B", WIDTH], dtype: "float32" },
    factor: { shape: [1], dtype: "float32" },
  },
  forward: ({ w }, { x, factor }, context) => ({
    y: context.dropout(tf.mul(tf.mul(w!, x!), factor!), 0.5),
  }),
  loss: ({ y }) => ({ loss: tf.mean(tf.sum(y!, 1)) }),
};

describe("shards of a batch", () => {
  it("each have dropout masks of their own, seeded by the shard", async () => {
    const inputs = { x: new Float32Array(2 * WIDTH).fill(1), factor: Float32Array.of(1) };
    const pool = new DropoutPool(compileOptions.seed);
    const masks = [0, 1].map((shard) =>
      pool.mask({ rate: 0.5, step: 1, layer: 0, shard, size: WIDTH }).slice(),
    );
    // Masks are 0 or 2: halves of both add up to 0, 1 or 2.
    const expected = masks[0]!.map((value, place) => (value + masks[1]![place]!) / 2);
    expect(new Set(expected)).toEqual(new Set([0, 1, 2]));
    for (const workers of [1, 2]) {
      const compiled = await compile(dropping, { ...compileOptions, shards: 2, workers });
      const { gradients } = await compiled.gradients({ batch: 2, length: 1, inputs });
      expect(gradients["w"]!.data).toEqual(expected);
      await compiled.dispose();
    }
  });

  it("are refused where an array does not fit the whole batch, too long ones too", async () => {
    const compiled = await compile(dropping, { ...compileOptions, shards: 2 });
    const x = new Float32Array(4 * WIDTH);
    const batch = { batch: 3, length: 1, inputs: { x, factor: Float32Array.of(1) } };
    await expect(compiled.gradients(batch)).rejects.toThrow(
      "Expected input x as float32 [3, 400], 1200 elements, got Float32Array of 1600.",
    );
    await compiled.dispose();
  });

  it("answer calls that overlap as if they came one by one", async () => {
    const compiled = await compile(students.bilstm(0.3), {
      ...compileOptions,
      shards: 3,
      workers: 2,
    });
    const alone = [];
    for (const batch of BATCHES) alone.push(await compiled.gradients(batch));
    expect(await Promise.all(BATCHES.map((batch) => compiled.gradients(batch)))).toEqual(alone);
    await compiled.dispose();
  });

  it("must be a whole number of at least 1, workers too", async () => {
    for (const options of [
      { shards: 0 },
      { shards: 1.5 },
      { workers: 0 },
      { workers: Number.NaN },
    ]) {
      const [name, count] = Object.entries(options)[0]!;
      await expect(compile(dropping, { ...compileOptions, ...options })).rejects.toMatchObject({
        code: "E_SHARDS",
        message: `Expected ${name} to be a whole number of at least 1, got ${count}. Leave it out for 1.`,
      });
    }
  });
});
