import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { CompiledProgram, CompileOptions, EngineState } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { student as transformer } from "../../students/transformer.ts";
import { compileOptions, makeBatch, studentProgram, TABLE } from "../engine/programs.ts";
import { largestDifference } from "../engine/sample-values.ts";
import { BATCHES, expectSameBits, train } from "../engine/training-helpers.ts";

const PROGRAMS = {
  bilstm: studentProgram(bilstm, { hidden: 3, dropout: 0.2 }),
  transformer: studentProgram(transformer, { heads: 2, dropout: 0.2 }),
};
const onWebGpu: CompileOptions = { ...compileOptions, device: "webgpu", clipNorm: 0.5 };
const onCpu: CompileOptions = { ...onWebGpu, device: "cpu" };
const learningRate = 0.01;

async function expectLikeCpu(cpu: CompiledProgram, webgpu: CompiledProgram): Promise<void> {
  const [a, b] = [await cpu.forward(BATCHES[0]!), await webgpu.forward(BATCHES[0]!)];
  expect(b["logits"]!.shape).toEqual(a["logits"]!.shape);
  expect(largestDifference(b["logits"]!.data, a["logits"]!.data)).toBeLessThan(1e-4);
  const [c, d] = [await cpu.gradients(BATCHES[1]!), await webgpu.gradients(BATCHES[1]!)];
  expect(Object.keys(d.gradients).sort()).toEqual(Object.keys(c.gradients).sort());
  for (const [parameter, { data }] of Object.entries(c.gradients)) {
    expect(largestDifference(d.gradients[parameter]!.data, data), parameter).toBeLessThan(1e-4);
  }
}

async function expectState(compiled: CompiledProgram, expected: EngineState): Promise<void> {
  const state = await compiled.saveState();
  expect(state.step).toBe(expected.step);
  expectSameBits(state.weights, expected.weights);
  expectSameBits(state.optimizer, expected.optimizer);
}

function rowsOf({ weights, optimizer }: EngineState, row: number): number[][] {
  const parts = [weights[TABLE]!, ...MOMENTS.map((moment) => optimizer[`${TABLE}.${moment}`]!)];
  return parts.map(({ shape, data }) => [...data.subarray(row * shape[1]!, (row + 1) * shape[1]!)]);
}
const MOMENTS = ["exp_avg", "exp_avg_sq"];

// Shaders are compiled anew for each program: the tests share one, and each starts from the same state.
describe("training on webgpu", () => {
  let cpu: CompiledProgram;
  let webgpu: CompiledProgram;
  let start: EngineState;

  beforeAll(async () => {
    cpu = await compile(PROGRAMS.bilstm, onCpu);
    webgpu = await compile(PROGRAMS.bilstm, onWebGpu);
    start = await cpu.saveState();
  });
  beforeEach(async () => {
    await Promise.all([cpu, webgpu].map((compiled) => compiled.loadState(start)));
  });
  afterAll(async () => {
    await Promise.all([cpu, webgpu].map((compiled) => compiled.dispose()));
  });

  it("starts from the weights that the cpu starts from", async () => {
    const fresh = await compile(PROGRAMS.bilstm, onWebGpu);
    expect(fresh.device).toBe("webgpu");
    await expectState(fresh, start);
    await fresh.dispose();
  });

  it("bilstm: 20 steps go as on the cpu, and the forward pass after them", async () => {
    const expected = await train(cpu, 0, 20);
    expect(largestDifference(await train(webgpu, 0, 20), expected)).toBeLessThan(1e-4);
    await expectLikeCpu(cpu, webgpu);
  });

  it("transformer: 20 steps go as on the cpu, and the forward pass after them", async () => {
    const [a, b] = [
      await compile(PROGRAMS.transformer, onCpu),
      await compile(PROGRAMS.transformer, onWebGpu),
    ];
    const expected = await train(a, 0, 20);
    expect(largestDifference(await train(b, 0, 20), expected)).toBeLessThan(1e-4);
    await expectLikeCpu(a, b);
    await Promise.all([a.dispose(), b.dispose()]);
  });

  it("goes on from a saved state as if it had not stopped, and hands it to the cpu", async () => {
    await train(webgpu, 0, 4);
    const saved = await webgpu.saveState();
    const losses = await train(webgpu, 4, 8);
    await webgpu.loadState(saved);
    await expectState(webgpu, saved);
    expect(largestDifference(await train(webgpu, 4, 8), losses)).toBeLessThan(1e-6);
    await cpu.loadState(saved);
    expect(largestDifference(await train(cpu, 4, 8), losses)).toBeLessThan(1e-4);
  });

  it("leaves rows that no token names as they were, decay and moments too", async () => {
    // The first step gives moments to rows that the second leaves alone.
    await webgpu.step(makeBatch([9, 8]), { learningRate });
    const before = await webgpu.saveState();
    const batch = makeBatch([4, 2]);
    await webgpu.step(batch, { learningRate });
    const after = await webgpu.saveState();
    const named = new Set(batch.tokens);
    expect(named.size).toBeLessThan(7);
    for (let row = 0; row < 23; row += 1) {
      const [old, now] = [rowsOf(before, row), rowsOf(after, row)];
      if (named.has(row)) expect(now[0], `row ${row}`).not.toEqual(old[0]);
      else expect(now, `row ${row}`).toEqual(old);
    }
  });

  it("makes one update of several batches", async () => {
    for (let step = 0; step < 3; step += 1) {
      const a = await cpu.step(BATCHES, { learningRate });
      const b = await webgpu.step(BATCHES, { learningRate });
      expect(b.loss).toBeCloseTo(a.loss, 4);
      expect(b.terms["double"]).toBeCloseTo(a.terms["double"]!, 4);
      expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 4);
    }
  });

  it("tells NaN by step and parameter, and keeps the last good state", async () => {
    await train(webgpu, 0, 2);
    const good = await webgpu.saveState();
    const batch = makeBatch([3, 2]);
    batch.inputs["targets"]![0] = Infinity;
    for (const given of [batch, [makeBatch([2]), batch]]) {
      await expect(webgpu.step(given, { learningRate })).rejects.toMatchObject({
        code: "E_NONFINITE",
        message: expect.stringMatching(/^Step 3: .*(lstm|classifier)/) as string,
      });
    }
    await expectState(webgpu, good);
  });
});

describe("memory on webgpu", () => {
  it("is given back: 40 steps with a table of 5 MB take no more than a few", async () => {
    const options = { rows: 20_000, embedding: 64 };
    const webgpu = await compile(
      studentProgram(bilstm, { hidden: 2, dropout: 0 }, options),
      onWebGpu,
    );
    await train(webgpu, 0, 8);
    const before = process.memoryUsage().rss;
    await train(webgpu, 8, 48);
    // Were the old tensors kept: 40 times table and two moments, 614 MB.
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(150);
    await webgpu.dispose();
  });

  it("that does not suffice is told, and the state is kept", async () => {
    const count = 50_000;
    const program = studentProgram(bilstm, { hidden: 2, dropout: 0 }, { rows: count });
    const webgpu = await compile(program, onWebGpu);
    await train(webgpu, 0, 1);
    const good = await webgpu.saveState();
    // Each token a row of its own: the matrix that sums their gradients has 2.5e9 elements.
    const batch = makeBatch(Array.from({ length: count }, () => 1));
    batch.tokens!.forEach((_, place) => (batch.tokens![place] = place));
    await expect(webgpu.step(batch, { learningRate })).rejects.toMatchObject({
      code: "E_DEVICE",
      message: expect.stringContaining("Use smaller batches") as string,
    });
    await expectState(webgpu, good);
    await train(webgpu, 1, 2);
    await webgpu.dispose();
  });
});
