import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { CompiledProgram, CompileOptions, Program } from "../../src/engine/index.ts";
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

async function both(program: Program): Promise<[CompiledProgram, CompiledProgram]> {
  return [await compile(program, onCpu), await compile(program, onWebGpu)];
}

describe("training on webgpu", () => {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    it(`${name}: 20 steps go as on the cpu, and the forward pass after them`, async () => {
      const [cpu, webgpu] = await both(program);
      expect(webgpu.device).toBe("webgpu");
      const expected = await train(cpu, 0, 20);
      const losses = await train(webgpu, 0, 20);
      expect(largestDifference(losses, expected)).toBeLessThan(1e-4);
      const [a, b] = [await cpu.forward(BATCHES[0]!), await webgpu.forward(BATCHES[0]!)];
      expect(b["logits"]!.shape).toEqual(a["logits"]!.shape);
      expect(largestDifference(b["logits"]!.data, a["logits"]!.data)).toBeLessThan(1e-4);
      const [c, d] = [await cpu.gradients(BATCHES[1]!), await webgpu.gradients(BATCHES[1]!)];
      expect(Object.keys(d.gradients).sort()).toEqual(Object.keys(c.gradients).sort());
      for (const [parameter, { data }] of Object.entries(c.gradients)) {
        expect(largestDifference(d.gradients[parameter]!.data, data), parameter).toBeLessThan(1e-4);
      }
      await Promise.all([cpu.dispose(), webgpu.dispose()]);
    });
  }

  it("goes on from a saved state as if it had not stopped, and hands it to the cpu", async () => {
    const program = PROGRAMS.bilstm;
    const [cpu, webgpu] = await both(program);
    await train(webgpu, 0, 4);
    const saved = await webgpu.saveState();
    const losses = await train(webgpu, 4, 8);
    await webgpu.loadState(saved);
    const again = await webgpu.saveState();
    expect(again.step).toBe(4);
    expectSameBits(again.weights, saved.weights);
    expectSameBits(again.optimizer, saved.optimizer);
    expect(largestDifference(await train(webgpu, 4, 8), losses)).toBeLessThan(1e-6);
    await cpu.loadState(saved);
    expect(largestDifference(await train(cpu, 4, 8), losses)).toBeLessThan(1e-4);
    await Promise.all([cpu.dispose(), webgpu.dispose()]);
  });

  it("leaves rows that no token names as they were, decay and moments too", async () => {
    const webgpu = await compile(PROGRAMS.bilstm, onWebGpu);
    const before = await webgpu.saveState();
    const touched = makeBatch([4, 2]);
    // Moments that decay and weights with momentum: the first step touches rows that the others leave alone.
    await webgpu.step(makeBatch([9, 8]), { learningRate: 0.01 });
    const middle = await webgpu.saveState();
    await webgpu.step(touched, { learningRate: 0.01 });
    const after = await webgpu.saveState();
    const size = 4;
    const named = new Set(touched.tokens);
    for (let row = 0; row < 23; row += 1) {
      const part = (data: Float32Array) => [...data.subarray(row * size, (row + 1) * size)];
      const [old, now] = [middle, after].map(({ weights }) => part(weights[TABLE]!.data));
      if (named.has(row)) expect(now, `row ${row}`).not.toEqual(old);
      else expect(now, `row ${row}`).toEqual(old);
      for (const moment of ["exp_avg", "exp_avg_sq"]) {
        if (named.has(row)) continue;
        const name = `${TABLE}.${moment}`;
        expect(part(after.optimizer[name]!.data)).toEqual(part(middle.optimizer[name]!.data));
      }
    }
    expect(middle.weights[TABLE]!.data).not.toEqual(before.weights[TABLE]!.data);
    await webgpu.dispose();
  });

  it("makes one update of several batches", async () => {
    const [cpu, webgpu] = await both(PROGRAMS.bilstm);
    for (let step = 0; step < 3; step += 1) {
      const a = await cpu.step(BATCHES, { learningRate: 0.01 });
      const b = await webgpu.step(BATCHES, { learningRate: 0.01 });
      expect(b.loss).toBeCloseTo(a.loss, 4);
      expect(b.terms["double"]).toBeCloseTo(a.terms["double"]!, 4);
      expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 4);
    }
    await Promise.all([cpu.dispose(), webgpu.dispose()]);
  });

  it("gives memory back: 40 steps with a table of 15 MB take no more than one", async () => {
    const program = studentProgram(
      bilstm,
      { hidden: 2, dropout: 0 },
      { rows: 20_000, embedding: 64 },
    );
    const webgpu = await compile(program, onWebGpu);
    await train(webgpu, 0, 8);
    const before = process.memoryUsage().rss;
    await train(webgpu, 8, 48);
    // Without dispose 40 times table and moments, 614 MB.
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(150);
    await webgpu.dispose();
  });

  it("tells NaN by step and parameter, and keeps the last good state", async () => {
    const webgpu = await compile(PROGRAMS.bilstm, onWebGpu);
    await train(webgpu, 0, 2);
    const good = await webgpu.saveState();
    const batch = makeBatch([3, 2]);
    batch.inputs["targets"]![0] = Infinity;
    await expect(webgpu.step(batch, { learningRate: 0.01 })).rejects.toMatchObject({
      code: "E_NONFINITE",
      message: expect.stringMatching(/^Step 3: .*(lstm|classifier)/) as string,
    });
    const kept = await webgpu.saveState();
    expect(kept.step).toBe(2);
    expectSameBits(kept.weights, good.weights);
    expectSameBits(kept.optimizer, good.optimizer);
    await webgpu.dispose();
  });
});
