import { describe, expect, it } from "vitest";
import { GpuModel } from "../../../src/engine/devices/gpu-model.ts";
import type { Provider } from "../../../src/engine/devices/gpu-session.ts";
import { compile } from "../../../src/engine/index.ts";
import type {
  CompiledProgram,
  CompileOptions,
  OptimizerOptions,
  Program,
} from "../../../src/engine/index.ts";
import { student as bilstm } from "../../../students/bilstm.ts";
import { student as transformer } from "../../../students/transformer.ts";
import { ADAMW, compileOptions, makeBatch, studentProgram, TABLE } from "../programs.ts";
import { largestDifference } from "../sample-values.ts";
import { BATCHES, expectSameBits, train } from "../training-helpers.ts";

// The graphs of the other devices, run by the processor: what the optimizer inside them computes is the same.
const PROCESSOR: Provider = { name: "cpu", device: "cpu", resident: false };
const program = studentProgram(bilstm, { hidden: 3, dropout: 0.3 });

async function both(
  options: CompileOptions = compileOptions,
  given: Program = program,
): Promise<[CompiledProgram, CompiledProgram]> {
  return [await compile(given, options), await GpuModel.create(given, options, PROCESSOR)];
}

async function expectSameState(host: CompiledProgram, device: CompiledProgram): Promise<void> {
  const [a, b] = [await host.saveState(), await device.saveState()];
  expect(b.step).toBe(a.step);
  for (const part of ["weights", "optimizer"] as const) {
    expect(Object.keys(b[part]).sort()).toEqual(Object.keys(a[part]).sort());
    for (const [name, { shape, data }] of Object.entries(a[part])) {
      expect(b[part][name]!.shape, name).toEqual(shape);
      expect(largestDifference(b[part][name]!.data, data), name).toBeLessThan(1e-5);
    }
  }
}

const OPTIMIZERS: Record<string, OptimizerOptions> = {
  adamw: { kind: "adamw", ...ADAMW },
  sgd: { kind: "sgd", momentum: 0, weightDecay: 0.01 },
  "sgd with momentum": { kind: "sgd", momentum: 0.9, weightDecay: 0.01 },
  "sgd with Nesterov's momentum": { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.02 },
};

describe("the optimizer inside the graph", () => {
  for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
    it(`${name}: 20 steps go as on the host`, async () => {
      // Each setting differs from its neighbours, and the norm is clipped in some steps.
      const groups = [
        { names: ["lstm.weight_ih*"], rate: 0.5 },
        { names: ["classifier.bias"], weightDecay: 0.3 },
        { names: [TABLE], rate: 2, weightDecay: 0.1 },
        { names: ["lstm.bias_hh_l0"], frozen: true },
      ];
      const [host, device] = await both({ ...compileOptions, optimizer, groups, clipNorm: 0.4 });
      const norms: number[] = [];
      for (let step = 0; step < 20; step += 1) {
        const batch = BATCHES[step % BATCHES.length]!;
        const learningRate = 0.01 / (1 + step);
        const a = await host.step(batch, { learningRate });
        const b = await device.step(batch, { learningRate });
        expect(b.loss).toBeCloseTo(a.loss, 5);
        expect(b.terms["double"]).toBeCloseTo(a.terms["double"]!, 5);
        expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 5);
        norms.push(a.gradientNorm);
      }
      expect(Math.min(...norms)).toBeLessThan(0.4);
      expect(Math.max(...norms)).toBeGreaterThan(0.4);
      await expectSameState(host, device);
      await Promise.all([host.dispose(), device.dispose()]);
    });
  }

  it("trains a transformer as the host does", async () => {
    // Attention does not depend on the keys' bias: its gradient is rounding, which a tiny epsilon would blow up.
    const optimizer = { kind: "adamw" as const, ...ADAMW, epsilon: 1e-4 };
    const student = studentProgram(transformer, { heads: 2, dropout: 0.2 });
    const [host, device] = await both({ ...compileOptions, optimizer }, student);
    const expected = await train(host, 0, 20);
    expect(largestDifference(await train(device, 0, 20), expected)).toBeLessThan(1e-5);
    await expectSameState(host, device);
    await Promise.all([host.dispose(), device.dispose()]);
  });

  it("sums the gradients of equal tokens by scattered additions where the matrix would be too large", async () => {
    // 23 rows times 2 million tokens are more than 2^25.
    const steady = studentProgram(bilstm, { hidden: 3, dropout: 0 });
    const [host, device] = await both({ ...compileOptions, maxTokens: 2_000_000 }, steady);
    await train(host, 0, 5);
    await train(device, 0, 5);
    await expectSameState(host, device);
    await Promise.all([host.dispose(), device.dispose()]);
  });

  it("keeps a frozen table, and learns without a table", async () => {
    const frozen = { ...compileOptions, groups: [{ names: ["embeddings*"], frozen: true }] };
    const plain: Program = {
      ...program,
      parameters: [{ name: "w", shape: [3], initializer: { kind: "normal", deviation: 1 } }],
      inputs: { targets: { shape: ["B", 3], dtype: "float32" } },
      forward: ({ w }, { targets }) => ({ logits: targets!.mul(w!) }),
      loss: ({ logits }) => ({ loss: logits!.square().mean() }),
    };
    delete plain.embedding;
    for (const [host, device] of [await both(frozen), await both(compileOptions, plain)]) {
      await train(host, 0, 4);
      await train(device, 0, 4);
      await expectSameState(host, device);
      const [a, b] = [await host.gradients(BATCHES[0]!), await device.gradients(BATCHES[0]!)];
      expect(Object.keys(b.gradients)).toEqual(Object.keys(a.gradients));
      await Promise.all([host.dispose(), device.dispose()]);
    }
  });
});

describe("a program on a device", () => {
  it("gives the host's gradients, forward pass and exported model", async () => {
    const [host, device] = await both();
    await device.step(BATCHES[2]!, { learningRate: 0.01 });
    await host.loadState(await device.saveState());
    const [a, b] = [await host.gradients(BATCHES[0]!), await device.gradients(BATCHES[0]!)];
    expect(b.loss).toBeCloseTo(a.loss, 6);
    expect(Object.keys(b.gradients).sort()).toEqual(Object.keys(a.gradients).sort());
    for (const [name, { shape, data }] of Object.entries(a.gradients)) {
      expect(b.gradients[name]!.shape).toEqual(shape);
      expect(largestDifference(b.gradients[name]!.data, data), name).toBeLessThan(1e-6);
    }
    const [c, d] = [await host.forward(BATCHES[0]!), await device.forward(BATCHES[0]!)];
    expect(largestDifference(d["logits"]!.data, c["logits"]!.data)).toBeLessThan(1e-6);
    const outputs = { outputs: { logits: "logits" } };
    const models = await Promise.all([host, device].map((one) => one.exportOnnx(outputs)));
    expect(Buffer.compare(models[1]!, models[0]!)).toBe(0);
    await Promise.all([host.dispose(), device.dispose()]);
  });

  it("makes one update of several batches, rows in common and not", async () => {
    const [host, device] = await both({ ...compileOptions, clipNorm: 0.5 });
    for (let step = 0; step < 4; step += 1) {
      const a = await host.step(BATCHES, { learningRate: 0.01 });
      const b = await device.step(BATCHES, { learningRate: 0.01 });
      expect(b.loss).toBeCloseTo(a.loss, 5);
      expect(b.terms["double"]).toBeCloseTo(a.terms["double"]!, 5);
      expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 5);
    }
    await expectSameState(host, device);
    await Promise.all([host.dispose(), device.dispose()]);
  });

  it("goes on bit for bit from a saved state, which later steps do not change", async () => {
    const device = await GpuModel.create(program, compileOptions, PROCESSOR);
    await train(device, 0, 3);
    const saved = await device.saveState();
    const losses = await train(device, 3, 6);
    const end = await device.saveState();
    await device.loadState(saved);
    expect(await train(device, 3, 6)).toEqual(losses);
    const again = await device.saveState();
    expectSameBits(again.weights, end.weights);
    expectSameBits(again.optimizer, end.optimizer);
    await device.loadWeights(saved.weights);
    const { step, optimizer } = await device.saveState();
    expect(step).toBe(0);
    expect(Object.values(optimizer).every(({ data }) => data.every((one) => one === 0))).toBe(true);
    await device.dispose();
  });

  it("refuses a foreign state and a token that is no row, and stays as it was", async () => {
    const device = await GpuModel.create(program, compileOptions, PROCESSOR);
    const good = await device.saveState();
    const { [TABLE]: table, ...others } = good.weights;
    const misshapen = { ...others, [TABLE]: { shape: [4, 23], data: table!.data } };
    for (const weights of [others, misshapen, { ...good.weights, more: table! }]) {
      await expect(device.loadState({ ...good, weights })).rejects.toMatchObject({
        code: "E_STATE",
      });
    }
    const batch = makeBatch([2, 1]);
    batch.tokens![1] = 23;
    await expect(device.step(batch, { learningRate: 1 })).rejects.toMatchObject({
      code: "E_TOKEN",
      message: expect.stringContaining("got 23 at place 1") as string,
    });
    const short = { ...makeBatch([2, 1]), tokens: Int32Array.of(1) };
    await expect(device.step(short, { learningRate: 1 })).rejects.toMatchObject({
      code: "E_SHAPE",
    });
    expectSameBits((await device.saveState()).weights, good.weights);
    await device.dispose();
  });

  it("names the first parameter whose gradient is not finite, or the loss alone", async () => {
    const fragile: Program = {
      parameters: [
        { name: "sound", shape: [1], initializer: { kind: "ones" } },
        { name: "fragile", shape: [1], initializer: { kind: "ones" } },
      ],
      inputs: {
        x: { shape: ["B"], dtype: "float32" },
        y: { shape: ["B"], dtype: "float32" },
      },
      forward: ({ sound, fragile }, { x, y }) => ({ y: x!.mul(sound!).add(y!.mul(fragile!)) }),
      // The gradients are the means of x and y.
      loss: ({ y }) => ({ loss: y!.mean() }),
    };
    const device = await GpuModel.create(fragile, compileOptions, PROCESSOR);
    const batch = (x: number, y: number) => ({
      batch: 1,
      length: 1,
      inputs: { x: Float32Array.of(x), y: Float32Array.of(y) },
    });
    await device.step(batch(1, 1), { learningRate: 0 });
    for (const given of [batch(1, Infinity), [batch(1, 1), batch(1, Infinity)]]) {
      await expect(device.step(given, { learningRate: 1 })).rejects.toMatchObject({
        code: "E_NONFINITE",
        message: expect.stringMatching(/^Step 2: .*Infinity in fragile/) as string,
      });
    }
    const { step, weights } = await device.saveState();
    expect(step).toBe(1);
    expect([...weights["fragile"]!.data]).toEqual([1]);
    await device.dispose();
  });

  it("answers calls that overlap as if they came one by one", async () => {
    const device = await GpuModel.create(program, compileOptions, PROCESSOR);
    const alone = await train(device, 0, 4);
    const other = await GpuModel.create(program, compileOptions, PROCESSOR);
    const together = await Promise.all(
      BATCHES.map((batch) => other.step(batch, { learningRate: 0.01 })),
    );
    expect(together.map(({ loss }) => loss)).toEqual(alone);
    await Promise.all([device.dispose(), other.dispose()]);
  });
});
