import { describe, expect, it } from "vitest";
import { compile, startFrom } from "../../../src/engine/index.ts";
import type { Batch, NamedArray, StateDict } from "../../../src/engine/index.ts";
import { fineTunedOptions } from "../../../teachers/fine-tuned/options.ts";
import { classifierProgram, parameterGroups } from "../../../teachers/fine-tuned/program.ts";
import { TINY, tinyWeights } from "./tiny-bert.ts";

const parse = (more: object) => fineTunedOptions.parse({ model: "m", maxLength: 24, ...more });

/** Texts of these tokens, padded; the class of text i is i. */
function batchOf(texts: readonly (readonly number[])[], padding = 0): Batch {
  const length = Math.max(...texts.map((tokens) => tokens.length)) + padding;
  const tokens = new Int32Array(texts.length * length);
  const mask = new Float32Array(texts.length * length);
  texts.forEach((own, row) => {
    tokens.set(own, row * length);
    mask.fill(1, row * length, row * length + own.length);
  });
  const labels = Int32Array.from(texts.keys());
  return { batch: texts.length, length, tokens, inputs: { mask, labels } };
}

async function compileTiny(more: object) {
  const options = parse({ dropout: 0, weightDecay: 0, ...more });
  const fresh = classifierProgram({ config: TINY, options, classes: 4 });
  const adamw = { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-12 } as const;
  return compile(startFrom(fresh, tinyWeights()), {
    seed: 3,
    optimizer: { ...adamw, weightDecay: options.weightDecay },
    groups: parameterGroups(fresh, options),
    maxTokens: 100,
  });
}

/** Largest change of each level's parameters. */
function changes(before: StateDict, after: StateDict): Record<string, number> {
  const levels: Record<string, number> = {};
  for (const [name, { data }] of Object.entries(before)) {
    const level = /^encoder\.layer\.\d|^[a-z]+/.exec(name)![0];
    const most = data.reduce(
      (largest, value, at) => Math.max(largest, Math.abs(value - after[name]!.data[at]!)),
      0,
    );
    levels[level] = Math.max(levels[level] ?? 0, most);
  }
  return levels;
}

const TEXTS = [
  [2, 5, 9, 3],
  [2, 6, 3],
  [2, 7, 8, 10, 3],
  [2, 4, 3],
];

describe("parameterGroups", () => {
  it("lets each layer learn at its rate", async () => {
    const compiled = await compileTiny({ headRate: 10, layerDecay: 0.5 });
    const { weights: before } = await compiled.saveState();
    await compiled.step(batchOf(TEXTS), { learningRate: 1e-3 });
    const moved = changes(before, (await compiled.saveState()).weights);
    // AdamW's first step is lr · g / |g|: lr itself. Head 10 · lr, then lr / 2, lr / 4 and lr / 8.
    const expected = {
      classifier: 1e-2,
      "encoder.layer.1": 5e-4,
      "encoder.layer.0": 2.5e-4,
      embeddings: 1.25e-4,
    };
    expect(Object.keys(moved).sort()).toEqual(Object.keys(expected).sort());
    for (const [level, rate] of Object.entries(expected))
      expect(moved[level]! / rate, level).toBeCloseTo(1, 2);
    await compiled.dispose();
  });

  it("keeps what does not learn as it is, to the bit", async () => {
    for (const [trainable, learning] of [
      ["head", ["classifier"]],
      [{ last: 1 }, ["classifier", "encoder.layer.1"]],
    ] as const) {
      const compiled = await compileTiny({ trainable });
      const { weights: before } = await compiled.saveState();
      for (let step = 0; step < 3; step += 1)
        await compiled.step(batchOf(TEXTS), { learningRate: 1e-2 });
      const moved = changes(before, (await compiled.saveState()).weights);
      const changed = Object.keys(moved).filter((level) => moved[level]! > 0);
      expect(changed.sort()).toEqual([...learning].sort());
      await compiled.dispose();
    }
  });
});

describe("classifierProgram", () => {
  const forward = async (pooling: string, batch: Batch): Promise<Record<string, NamedArray>> => {
    const compiled = await compileTiny({ pooling });
    const outputs = await compiled.forward(batch);
    await compiled.dispose();
    return outputs;
  };

  it("pools the first token's state or the mean: the same of one token, not of several", async () => {
    const one = batchOf([[2], [7]]);
    const several = batchOf(TEXTS);
    const [clsOne, meanOne] = [await forward("cls", one), await forward("mean", one)];
    expect(clsOne["logits"]!.data).toEqual(meanOne["logits"]!.data);
    const [cls, mean] = [await forward("cls", several), await forward("mean", several)];
    expect(cls["logits"]!.data).not.toEqual(mean["logits"]!.data);
    // All of these texts start with the same token, yet the first state has seen the others.
    expect(cls["pooled"]!.data.slice(0, 16)).not.toEqual(cls["pooled"]!.data.slice(16, 32));
  });

  it("gives a text the same logits with padding", async () => {
    for (const pooling of ["cls", "mean"]) {
      const [bare, padded] = [
        await forward(pooling, batchOf(TEXTS)),
        await forward(pooling, batchOf(TEXTS, 5)),
      ];
      padded["logits"]!.data.forEach((logit, at) => {
        expect(logit).toBeCloseTo(bare["logits"]!.data[at]!, 5);
      });
    }
  });

  it("learns through the first token's state", async () => {
    const compiled = await compileTiny({ pooling: "cls", headRate: 1, layerDecay: 1 });
    const losses: number[] = [];
    for (let step = 0; step < 30; step += 1)
      losses.push((await compiled.step(batchOf(TEXTS), { learningRate: 1e-2 })).loss);
    expect(losses.at(-1)!).toBeLessThan(0.1 * losses[0]!);
    await compiled.dispose();
  });
});
