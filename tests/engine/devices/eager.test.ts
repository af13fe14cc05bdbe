import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { compileOn } from "../../../src/engine/devices/eager.ts";
import { compile } from "../../../src/engine/index.ts";
import type { CompiledProgram, CompileOptions, Program } from "../../../src/engine/index.ts";
import { student as bilstm } from "../../../students/bilstm.ts";
import { student as transformer } from "../../../students/transformer.ts";
import { compileOptions, makeBatch, studentProgram, TABLE } from "../programs.ts";
import { largestDifference } from "../sample-values.ts";
import { BATCHES, expectSameBits, train } from "../training-helpers.ts";

// tfjs's own backend stands for TensorFlow's: the same calls, without the package.
const eager = (program: Program, options: CompileOptions = compileOptions) =>
  compileOn("cpu", program, { ...options, device: "tfjs-node" });

const dropping = studentProgram(bilstm, { hidden: 3, dropout: 0.4 });
const programs = {
  bilstm: dropping,
  transformer: studentProgram(transformer, { heads: 2, dropout: 0.2 }),
};

async function withBoth(
  program: Program,
  options: CompileOptions,
  body: (eager: CompiledProgram, compiled: CompiledProgram) => Promise<void>,
): Promise<void> {
  const both = [await eager(program, options), await compile(program, options)] as const;
  await body(...both);
  for (const one of both) await one.dispose();
}

describe.each(Object.entries(programs))("the %s, run eagerly", (_name, program) => {
  it("takes the steps of the compiled one, dropout and clipping included", async () => {
    await withBoth(program, { ...compileOptions, clipNorm: 0.5 }, async (one, other) => {
      expect(one.device).toBe("tfjs-node");
      // float32 sums in another order; another mask or a wrong gradient differs in the first digits.
      const [a, b] = [await train(one, 0, 6), await train(other, 0, 6)];
      expect(largestDifference(a, b)).toBeLessThan(1e-5);
      const [x, y] = [await one.saveState(), await other.saveState()];
      expect(x.step).toBe(6);
      // Adam's first steps move a weight by the learning rate whatever its gradient, so tiny gradients show.
      const table = x.weights[TABLE]!.data;
      expect(largestDifference(table, y.weights[TABLE]!.data)).toBeLessThan(1e-3);
      expect(Object.keys(x.optimizer).sort()).toEqual(Object.keys(y.optimizer).sort());
    });
  });

  it("gives the compiled one's terms, norm, gradients and outputs", async () => {
    await withBoth(program, compileOptions, async (one, other) => {
      const batch = BATCHES[2]!;
      const [a, b] = [await one.gradients(batch), await other.gradients(batch)];
      expect(Object.keys(a.gradients)).toEqual(Object.keys(b.gradients));
      for (const [name, { shape, data }] of Object.entries(a.gradients)) {
        expect(shape, name).toEqual(b.gradients[name]!.shape);
        expect(largestDifference(data, b.gradients[name]!.data), name).toBeLessThan(1e-5);
      }
      const [x, y] = [await one.forward(batch), await other.forward(batch)];
      expect(x["logits"]!.shape).toEqual([3, 3]);
      expect(largestDifference(x["logits"]!.data, y["logits"]!.data)).toBeLessThan(1e-5);
      const rate = { learningRate: 0.01 };
      const [first, second] = [await one.step(batch, rate), await other.step(batch, rate)];
      expect(first.terms["double"]).toBeCloseTo(2 * first.loss, 5);
      expect(first.gradientNorm).toBeCloseTo(second.gradientNorm, 5);
    });
  });
});

describe("a program that runs eagerly", () => {
  it("leaves no tensor behind and the backend as it was", async () => {
    tf.registerBackend("idle", () => new tf.KernelBackend());
    await tf.setBackend("idle");
    const one = await eager(dropping);
    await train(one, 0, 2);
    const { numTensors } = tf.engine().state;
    await train(one, 2, 12);
    await one.forward(BATCHES[0]!);
    await one.gradients(BATCHES[1]!);
    expect(tf.engine().state.numTensors).toBe(numTensors);
    expect(tf.getBackend()).toBe("idle");
    await tf.setBackend("cpu");
    await one.dispose();
  });

  it("goes on bit for bit from a saved state, and from one of the other device", async () => {
    const whole = await eager(dropping);
    await train(whole, 0, 3);
    const saved = await whole.saveState();
    const losses = await train(whole, 3, 6);
    const second = await eager(dropping);
    await second.loadState(saved);
    expect(await train(second, 3, 6)).toEqual(losses);
    expectSameBits((await second.saveState()).weights, (await whole.saveState()).weights);
    const other = await compile(dropping, compileOptions);
    await other.loadState(saved);
    expect(largestDifference(await train(other, 3, 6), losses)).toBeLessThan(1e-5);
    await second.loadWeights(saved.weights);
    expect((await second.saveState()).step).toBe(0);
    for (const one of [whole, second, other]) await one.dispose();
  });

  it("exports the bytes that the compiled one exports", async () => {
    await withBoth(dropping, compileOptions, async (one, other) => {
      const options = { outputs: { logits: "logits" } };
      expect(Buffer.compare(await one.exportOnnx(options), await other.exportOnnx(options))).toBe(
        0,
      );
    });
  });

  it("shares no array between gradients that are equal", async () => {
    // Both biases of an LSTM have the same gradient; a sum into one must not reach the other.
    const one = await eager(dropping);
    const { gradients } = await one.gradients(BATCHES[0]!);
    const buffers = Object.values(gradients).map(({ data }) => data.buffer);
    expect(new Set(buffers).size).toBe(buffers.length);
    await one.dispose();
  });

  it("refuses what the compiled one refuses, in its words", async () => {
    const broken = { ...makeBatch([2, 1]), inputs: { mask: new Float32Array(4) } };
    const infinite = makeBatch([2, 1]);
    (infinite.inputs["targets"] as Float32Array)[0] = Infinity;
    const foreign = { ...makeBatch([2, 1]), tokens: Int32Array.of(1, 2, 3, 99) };
    const messages = async (model: CompiledProgram): Promise<string[]> => {
      const thrown = [broken, infinite, foreign].map((batch) =>
        model.step(batch, { learningRate: 0.1 }).then(String, String),
      );
      return Promise.all(thrown);
    };
    await withBoth(dropping, compileOptions, async (one, other) => {
      const refused = await messages(one);
      expect(refused).toEqual(await messages(other));
      expect(refused[1]).toMatch(/^EngineError: Step 1: .*not finite/);
      expect((await one.saveState()).step).toBe(0);
    });
    const reading: Program = {
      ...dropping,
      forward: (...given) => {
        const outputs = dropping.forward(...given);
        outputs["logits"]!.dataSync();
        return outputs;
      },
    };
    await expect(eager(reading)).rejects.toThrow(
      expect.objectContaining({ code: "E_READ_IN_TRACE" }),
    );
  });

  it("takes several batches a step, with momentum, and leaves what is frozen alone", async () => {
    const options: CompileOptions = {
      ...compileOptions,
      optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0.01 },
      groups: [
        { names: [TABLE, "lstm.*"], frozen: true },
        { names: ["classifier.bias"], rate: 3 },
      ],
    };
    await withBoth(dropping, options, async (one, other) => {
      const before = await one.saveState();
      for (const batches of [BATCHES.slice(0, 2), BATCHES.slice(2)]) {
        const [a, b] = [
          await one.step(batches, { learningRate: 0.1 }),
          await other.step(batches, { learningRate: 0.1 }),
        ];
        expect(a.loss).toBeCloseTo(b.loss, 5);
      }
      const [x, y] = [await one.saveState(), await other.saveState()];
      expectSameBits({ [TABLE]: x.weights[TABLE]! }, { [TABLE]: before.weights[TABLE]! });
      for (const name of ["classifier.weight", "classifier.bias"]) {
        expect(x.weights[name]!.data, name).not.toEqual(before.weights[name]!.data);
        expect(largestDifference(x.weights[name]!.data, y.weights[name]!.data), name).toBeLessThan(
          1e-5,
        );
      }
    });
  });
});

describe("the devices tfjs-node and tfjs-node-gpu without their packages", () => {
  it.each(["tfjs-node", "tfjs-node-gpu"] as const)("say what %s needs", async (device) => {
    await expect(compile(dropping, { ...compileOptions, device })).rejects.toThrow(
      expect.objectContaining({
        code: "E_DEVICE",
        message: expect.stringMatching(
          new RegExp(
            `Device ${device}: Expected the package @tensorflow/${device}, got none\\. .*npm install --ignore-scripts .*--build-tfjs-node`,
          ),
        ) as string,
      }),
    );
  });
});
