import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/index.ts";
import { rulesOf } from "../../src/engine/program/rules.ts";
import { traceTraining } from "../../src/engine/program/graphs.ts";
import type { CompileOptions, ParameterGroup, StateDict } from "../../src/engine/index.ts";
import { student as transformer } from "../../students/transformer.ts";
import { compileOptions, studentProgram, TABLE } from "./programs.ts";
import { BATCHES, train } from "./training-helpers.ts";

const program = studentProgram(transformer, { layers: 2, heads: 2, dropout: 0.1 });
const LAYER = "encoder.layer.0.intermediate.dense.weight";
const BIAS = "classifier.bias";

const rules = (groups: readonly ParameterGroup[]) =>
  rulesOf(program, { optimizer: compileOptions.optimizer, groups });

describe("parameter groups", () => {
  it("hold for names and beginnings of names; the first that fits decides", () => {
    const found = rules([
      { names: [BIAS], rate: 3 },
      { names: ["encoder.layer.0.*", "classifier.*"], rate: 0.5, weightDecay: 0.2 },
    ]);
    expect(found.get(BIAS)).toEqual({ rate: 3, weightDecay: 0, frozen: false });
    expect(found.get(LAYER)).toEqual({ rate: 0.5, weightDecay: 0.2, frozen: false });
    expect(found.get("classifier.weight")).toMatchObject({ rate: 0.5, weightDecay: 0.2 });
    // The rest keeps the optimizer's: 0.01 for matrices and tables, none for vectors.
    expect(found.get(TABLE)).toEqual({ rate: 1, weightDecay: 0.01, frozen: false });
    expect(found.get("embeddings.LayerNorm.bias")).toMatchObject({ weightDecay: 0 });
  });

  it("that name nothing, freeze everything or make no sense are refused", () => {
    expect(() => rules([{ names: ["encoder.layers.0.*"] }])).toThrow(
      "got encoder.layers.0.*, which names none",
    );
    expect(() => rules([{ names: ["*"], frozen: true }])).toThrow("freeze all of them");
    expect(() => rules([{ names: [BIAS], rate: -1 }])).toThrow("to be at least 0, got -1");
  });

  async function weightsAfter(groups: readonly ParameterGroup[], steps = 1): Promise<StateDict> {
    const compiled = await compile(program, { ...compileOptions, groups });
    await train(compiled, 0, steps);
    const { weights } = await compiled.saveState();
    await compiled.dispose();
    return weights;
  }

  // AdamW's first step moves each weight by the learning rate, whatever the size of its gradient: the rate shows.
  it("have rates and decays of their own", async () => {
    const start = await weightsAfter([], 0);
    const [plain, grouped] = [
      await weightsAfter([]),
      await weightsAfter([{ names: ["classifier.*"], rate: 0.5, weightDecay: 0 }]),
    ];
    const moved = (weights: StateDict, name: string) =>
      Math.abs(weights[name]!.data[0]! - start[name]!.data[0]!);
    expect(moved(plain, BIAS)).toBeCloseTo(0.01, 5);
    expect(moved(grouped, BIAS)).toBeCloseTo(0.005, 5);
    expect(moved(grouped, LAYER)).toBe(moved(plain, LAYER));
    const decayed = await weightsAfter([{ names: [TABLE], weightDecay: 5 }]);
    const row = 4 * [...BATCHES[0]!.tokens!].find((token) => token > 0)!;
    const difference = decayed[TABLE]!.data[row]! - plain[TABLE]!.data[row]!;
    // p · (1 - lr · 5) beside p · (1 - lr · 0.01): the difference is -0.01 · 4.99 · p.
    expect(difference).toBeCloseTo(-0.0499 * start[TABLE]!.data[row]!, 5);
  });
});

describe("frozen parameters", () => {
  const frozen: CompileOptions = {
    ...compileOptions,
    groups: [{ names: ["embeddings.*", "encoder.*"], frozen: true }],
  };

  it("keep their bits, have no state, and learn nothing, while the rest learns", async () => {
    const compiled = await compile(program, frozen);
    const before = await compiled.saveState();
    const { gradients } = await compiled.gradients(BATCHES[0]!);
    expect(Object.keys(gradients)).toEqual(["classifier.weight", "classifier.bias"]);
    await train(compiled, 0, 3);
    const after = await compiled.saveState();
    for (const [name, { data }] of Object.entries(after.weights)) {
      const same = name.startsWith("classifier.");
      expect(
        data.every((value, index) => value === before.weights[name]!.data[index]),
        name,
      ).toBe(!same);
    }
    expect(Object.keys(after.optimizer).length).toBe(4);
    await compiled.loadState(before);
    expect((await compiled.saveState()).step).toBe(0);
    await compiled.dispose();
  });

  it("cost no backward pass: the graph is little more than the forward pass", () => {
    const names = program.parameters.map(({ name }) => name);
    const nodes = (keep: (name: string) => boolean) =>
      traceTraining(program, new Set([...names, TABLE].filter((name) => !keep(name)))).graph.nodes
        .length;
    const all = nodes(() => true);
    const last = nodes((name) => /^(encoder\.layer\.1|classifier)\./.test(name));
    const head = nodes((name) => name.startsWith("classifier."));
    expect(last).toBeLessThan(0.8 * all);
    expect(head).toBeLessThan(0.5 * all);
  });
});
