import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { Batch, CompileOptions } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { compileOptions, makeBatch, studentProgram } from "./programs.ts";
import { BATCHES, expectSameBits } from "./training-helpers.ts";

const program = studentProgram(bilstm, { hidden: 3, dropout: 0 });
// As many texts as 3 + 1 + 2, in three batches and in one, with the same padding.
const LENGTHS = [[4, 2, 1], [5], [3, 1]];
const parts = LENGTHS.map((lengths) => makeBatch(lengths, { length: 6 }));

function join(batches: readonly Batch[]): Batch {
  const floats = (name: string) =>
    Float32Array.from(batches.flatMap(({ inputs }) => [...inputs[name]!]));
  return {
    batch: batches.reduce((sum, { batch }) => sum + batch, 0),
    length: 6,
    tokens: Int32Array.from(batches.flatMap(({ tokens }) => [...tokens!])),
    inputs: { mask: floats("mask"), targets: floats("targets") },
  };
}

describe("gradient accumulation", () => {
  it.each([
    ["AdamW", compileOptions.optimizer],
    ["SGD", { kind: "sgd", momentum: 0.9, weightDecay: 0.01 }],
  ] as const)("equals the large batch: %s", async (_name, optimizer) => {
    const options: CompileOptions = { ...compileOptions, optimizer, clipNorm: 0.1 };
    const [whole, split] = [await compile(program, options), await compile(program, options)];
    for (let step = 0; step < 5; step += 1) {
      const a = await whole.step(join(parts), { learningRate: 0.01 });
      const b = await split.step(parts, { learningRate: 0.01 });
      expect(b.loss).toBeCloseTo(a.loss, 5);
      expect(b.terms["double"]).toBeCloseTo(2 * a.loss, 5);
      expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 5);
    }
    const [a, b] = [await whole.saveState(), await split.saveState()];
    expect(b.step).toBe(5);
    for (const [name, { data }] of Object.entries(a.weights)) {
      data.forEach((value, index) => {
        // AdamW divides small gradients by their own size: their rounding shows in its first steps.
        expect(Math.abs(b.weights[name]!.data[index]! - value), name).toBeLessThan(1e-4);
      });
    }
    await Promise.all([whole.dispose(), split.dispose()]);
  });

  it("of a single batch is the step itself, to the bit", async () => {
    const dropping = studentProgram(bilstm, { hidden: 3, dropout: 0.4 });
    const [a, b] = [
      await compile(dropping, compileOptions),
      await compile(dropping, compileOptions),
    ];
    await a.step(BATCHES[0]!, { learningRate: 0.01 });
    const empty = makeBatch([], { length: 2 });
    await b.step([BATCHES[0]!, empty], { learningRate: 0.01 });
    expectSameBits((await a.saveState()).weights, (await b.saveState()).weights);
    await Promise.all([a.dispose(), b.dispose()]);
  });

  it("draws dropout anew for each batch", async () => {
    const dropping = studentProgram(bilstm, { hidden: 3, dropout: 0.5 });
    const compiled = await compile(dropping, compileOptions);
    const { loss } = await compiled.gradients(BATCHES[0]!);
    const twice = await compiled.step([BATCHES[0]!, BATCHES[0]!], { learningRate: 0 });
    expect(Math.abs(twice.loss - loss)).toBeGreaterThan(1e-4);
    await compiled.dispose();
  });

  it("needs a text, and forgets the parts of a step that failed", async () => {
    const compiled = await compile(program, compileOptions);
    const reference = await compile(program, compileOptions);
    const empty = makeBatch([], { length: 2 });
    const rate = { learningRate: 0.01 };
    await expect(compiled.step([], rate)).rejects.toThrow("Expected at least one text");
    await expect(compiled.step(empty, rate)).rejects.toThrow("Expected at least one text");
    const bad = makeBatch([3]);
    bad.tokens![0] = 999;
    await expect(compiled.step([parts[0]!, bad], rate)).rejects.toThrow("got 999");
    await compiled.step(parts[1]!, rate);
    await reference.step(parts[1]!, rate);
    const states = [await compiled.saveState(), await reference.saveState()];
    expectSameBits(states[0]!.weights, states[1]!.weights);
    await Promise.all([compiled.dispose(), reference.dispose()]);
  });
});
