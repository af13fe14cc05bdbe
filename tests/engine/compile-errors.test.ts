import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import type { EngineState, Program } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { compileOptions, makeBatch, studentProgram, TABLE } from "./programs.ts";
import { expectSameBits, train } from "./training-helpers.ts";

const program = studentProgram(bilstm, { hidden: 3, dropout: 0.4 });
describe("NaN and infinity", () => {
  it("stop a step before the update, naming the step and the parameter", async () => {
    const compiled = await compile(program, compileOptions);
    await train(compiled, 0, 2);
    const before = await compiled.saveState();
    const batch = makeBatch([2, 1]);
    (batch.inputs["targets"] as Float32Array)[0] = Infinity;
    await expect(compiled.step(batch, { learningRate: 0.1 })).rejects.toThrow(
      expect.objectContaining({
        code: "E_NONFINITE",
        message: expect.stringMatching(/^Step 3: .*lstm\.weight_ih_l0/) as string,
      }),
    );
    const after = await compiled.saveState();
    expect(after.step).toBe(2);
    expectSameBits(after.weights, before.weights);
    expectSameBits(after.optimizer, before.optimizer);
    // And the next step is as if nothing had happened.
    const undisturbed = await compile(program, compileOptions);
    await train(undisturbed, 0, 3);
    await train(compiled, 2, 3);
    expectSameBits((await compiled.saveState()).weights, (await undisturbed.saveState()).weights);
    await Promise.all([compiled.dispose(), undisturbed.dispose()]);
  });
});

describe("an infinite loss whose gradients are finite", () => {
  it("stops the step too", async () => {
    const shifted: Program = {
      parameters: [{ name: "w", shape: [1], initializer: { kind: "ones" } }],
      inputs: { x: { shape: ["B"], dtype: "float32" }, shift: { shape: [], dtype: "float32" } },
      forward: ({ w }, { x }) => ({ y: tf.mul(x!, w!) }),
      loss: ({ y }, { shift }) => ({ loss: tf.add(tf.mean(y!), shift!) }),
    };
    const compiled = await compile(shifted, compileOptions);
    const inputs = { x: Float32Array.of(1, 2), shift: Float32Array.of(Infinity) };
    await expect(
      compiled.step({ batch: 2, length: 1, inputs }, { learningRate: 0.1 }),
    ).rejects.toThrow(
      expect.objectContaining({
        code: "E_NONFINITE",
        message: expect.stringMatching(/^Step 1: .*loss, got Infinity/) as string,
      }),
    );
    expect([...(await compiled.saveState()).weights["w"]!.data]).toEqual([1]);
    await compiled.dispose();
  });
});

describe("states that do not fit", () => {
  it("are refused by name and change nothing", async () => {
    const compiled = await compile(program, compileOptions);
    const state = await compiled.saveState();
    const expectRefused = async (changed: EngineState, text: RegExp) => {
      await expect(compiled.loadState(changed)).rejects.toThrow(
        expect.objectContaining({
          code: "E_STATE",
          message: expect.stringMatching(text) as string,
        }),
      );
      expectSameBits((await compiled.saveState()).weights, state.weights);
    };
    const { "classifier.bias": bias, ...rest } = state.weights;
    await expectRefused({ ...state, weights: rest }, /classifier\.bias .*none/);
    const shape = [bias!.data.length, 1];
    await expectRefused(
      { ...state, weights: { ...rest, "classifier.bias": { ...bias!, shape } } },
      /classifier\.bias/,
    );
    await expectRefused({ ...state, weights: { ...state.weights, extra: bias! } }, /extra/);
    const optimizer = { ...state.optimizer };
    Reflect.deleteProperty(optimizer, `${TABLE}.exp_avg`);
    await expectRefused({ ...state, optimizer }, /exp_avg/);
    await compiled.dispose();
  });

  it("loadWeights starts the optimizer anew", async () => {
    const compiled = await compile(program, compileOptions);
    const fresh = await compiled.saveState();
    await train(compiled, 0, 3);
    await compiled.loadWeights(fresh.weights);
    const state = await compiled.saveState();
    expect(state.step).toBe(0);
    expectSameBits(state.weights, fresh.weights);
    expectSameBits(state.optimizer, fresh.optimizer);
    await compiled.dispose();
  });
});

describe("batches that do not fit", () => {
  it("are refused by name", async () => {
    const compiled = await compile(program, compileOptions);
    const batch = makeBatch([2, 1]);
    const refused = async (changed: typeof batch, code: string, text: RegExp) => {
      await expect(compiled.step(changed, { learningRate: 0.1 })).rejects.toThrow(
        expect.objectContaining({ code, message: expect.stringMatching(text) as string }),
      );
    };
    const { mask, targets } = batch.inputs;
    await refused(
      { ...batch, tokens: new Int32Array(3) },
      "E_SHAPE",
      /tokens \[2, 2\], 4 elements, got 3/,
    );
    await refused({ ...batch, inputs: { mask: mask! } }, "E_SHAPE", /targets .*none/);
    const integers = { mask: Int32Array.from(mask!), targets: targets! };
    await refused({ ...batch, inputs: integers }, "E_SHAPE", /mask as float32 .*Int32Array/);
    const wide = new Float32Array(9);
    await refused(
      { ...batch, inputs: { mask: mask!, targets: wide } },
      "E_SHAPE",
      /targets .*\[2, 3\]/,
    );
    await refused({ ...batch, tokens: Int32Array.of(1, 2, 3, 99) }, "E_TOKEN", /99/);
    await compiled.dispose();
  });
});
