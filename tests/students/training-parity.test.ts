import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, it } from "vitest";
import { AdamW } from "../../src/engine/optimizers/adamw.ts";
import { createState, updateParameter } from "../../src/engine/optimizers/optimizer.ts";
import { compile } from "../../src/engine/index.ts";
import type { EngineState } from "../../src/engine/index.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { student as transformer } from "../../students/transformer.ts";
import {
  ADAMW,
  compileOptions,
  eagerGradients,
  makeBatch,
  studentProgram,
  TABLE,
} from "../engine/programs.ts";
import { largestDifference } from "../engine/sample-values.ts";

const PROGRAMS = {
  "bilstm, mean and max": studentProgram(bilstm, { hidden: 3, dropout: 0.3 }),
  "bilstm, mean": studentProgram(bilstm, { hidden: 2, dropout: 0, pooling: "mean" }),
  "bilstm, max": studentProgram(bilstm, { hidden: 2, dropout: 0.5, pooling: "max" }),
  transformer: studentProgram(transformer, { layers: 2, heads: 2, dropout: 0.2 }),
  "transformer, projected": studentProgram(transformer, {
    layers: 1,
    heads: 3,
    hidden: 6,
    intermediate: 5,
  }),
};

// Other shapes in every step, all in one session; lengths of 1 and a batch of 1 among them.
const BATCHES = [[5, 3, 1], [1], [2, 2], [1, 1, 1], [4], [6, 1]].map((lengths) =>
  makeBatch(lengths),
);

describe("whole training steps, traced and eager", () => {
  beforeEach(async () => {
    await tf.setBackend("cpu");
  });

  for (const [name, program] of Object.entries(PROGRAMS)) {
    it(`${name}: the same gradients and losses, dropout included`, async () => {
      const compiled = await compile(program, compileOptions);
      for (const batch of BATCHES) {
        const state = await compiled.saveState();
        const expected = eagerGradients(program, state, batch);
        const { loss, gradients } = await compiled.gradients(batch);
        expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5 * expected.loss);
        for (const [parameter, gradient] of Object.entries(expected.gradients)) {
          expect(largestDifference(gradients[parameter]!.data, gradient), parameter).toBeLessThan(
            2e-5,
          );
        }
        const step = await compiled.step(batch, { learningRate: 0.01 });
        expect(step.loss).toBe(loss);
        expect(step.terms["double"]).toBeCloseTo(2 * loss, 5);
      }
      await compiled.dispose();
    });
  }

  it("an eager training with AdamW goes the same way", async () => {
    const program = PROGRAMS["bilstm, mean and max"];
    const compiled = await compile(program, compileOptions);
    const state: EngineState = await compiled.saveState();
    const optimizer = new AdamW(ADAMW);
    const moments = new Map(
      Object.entries(state.weights).map(([name, { data }]) => [
        name,
        createState(optimizer, data.length),
      ]),
    );
    // Every row of the table is touched in every step, where the lazy update is the dense one.
    const batch = makeBatch([11, 11], { rows: 23 });
    batch.tokens!.forEach((_, place) => (batch.tokens![place] = place + 1));
    for (let step = 1; step <= 6; step += 1) {
      const eager = eagerGradients(program, { ...state, step: step - 1 }, batch);
      const { loss } = await compiled.step(batch, { learningRate: 0.02 });
      expect(Math.abs(loss - eager.loss)).toBeLessThan(1e-5 * eager.loss);
      for (const [name, { data, shape }] of Object.entries(state.weights)) {
        const decay = shape.length > 1;
        // Row 0 is not touched: it rests, decay included.
        const from = name === TABLE ? program.embedding!.size : 0;
        const part = (array: Float32Array) => array.subarray(from);
        const arrays = {
          parameter: part(data),
          gradient: part(eager.gradients[name]!),
          state: moments.get(name)!.map(part),
        };
        const weightDecay = decay ? ADAMW.weightDecay : 0;
        updateParameter(optimizer, arrays, { learningRate: 0.02, step, weightDecay });
      }
    }
    const { weights } = await compiled.saveState();
    for (const [name, { data }] of Object.entries(state.weights)) {
      expect(largestDifference(weights[name]!.data, data), name).toBeLessThan(2e-4);
    }
  });
});
