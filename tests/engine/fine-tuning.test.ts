import { describe, expect, it } from "vitest";
import { EngineError } from "../../src/engine/errors.ts";
import { fineTuneGroups } from "../../src/engine/fine-tuning.ts";
import type { FineTuneOptions } from "../../src/engine/fine-tuning.ts";
import { ruleOf } from "../../src/engine/optimizers/groups.ts";
import { student as bilstm } from "../../students/bilstm.ts";
import { student as transformer } from "../../students/transformer.ts";
import { compileOptions, studentProgram, TABLE } from "./programs.ts";

function program(layers: number, options: object = {}) {
  return studentProgram(transformer, { layers, heads: 2, ...options });
}

/** What the groups say about a parameter. */
function settingOf(name: string, groups: ReturnType<typeof fineTuneGroups>) {
  const { rate, frozen } = ruleOf(name, true, { optimizer: compileOptions.optimizer, groups });
  return { rate, frozen };
}

describe("fineTuneGroups", () => {
  it("freezes nothing and rates nothing where all learn at one rate", () => {
    expect(fineTuneGroups(program(2), { fineTune: "all" })).toEqual([]);
  });

  it("freezes the whole encoder under the head", () => {
    expect(fineTuneGroups(program(2), { fineTune: "head" })).toEqual([
      { names: ["encoder.layer.1.*", "encoder.layer.0.*", "embeddings.*"], frozen: true },
    ]);
  });

  it("freezes what is below the last layers, the embeddings always", () => {
    const frozenBelow = (last: number) =>
      fineTuneGroups(program(3), { fineTune: { last } }).flatMap(({ names, frozen }) =>
        frozen ? names : [],
      );
    expect(frozenBelow(0)).toEqual([
      "encoder.layer.2.*",
      "encoder.layer.1.*",
      "encoder.layer.0.*",
      "embeddings.*",
    ]);
    expect(frozenBelow(1)).toEqual(["encoder.layer.1.*", "encoder.layer.0.*", "embeddings.*"]);
    expect(frozenBelow(3)).toEqual(["embeddings.*"]);
  });

  it("lowers the rate by the same factor from the head down", () => {
    // Head 1, last layer 1/2, the one before 1/4, the embeddings 1/8.
    expect(fineTuneGroups(program(2), { fineTune: "all", layerDecay: 0.5 })).toEqual([
      { names: ["encoder.layer.1.*"], rate: 0.5 },
      { names: ["encoder.layer.0.*"], rate: 0.25 },
      { names: ["embeddings.*"], rate: 0.125 },
    ]);
    expect(fineTuneGroups(program(2), { fineTune: { last: 1 }, layerDecay: 0.5 })).toEqual([
      { names: ["encoder.layer.1.*"], rate: 0.5 },
      { names: ["encoder.layer.0.*", "embeddings.*"], frozen: true },
    ]);
  });

  it("puts every parameter where it belongs, with ten layers and more, and a projection", () => {
    const large = program(12, { hidden: 6 });
    const groups = fineTuneGroups(large, { fineTune: { last: 11 }, layerDecay: 0.5 });
    const names = [TABLE, ...large.parameters.map(({ name }) => name)];
    for (const name of names) {
      const layer = /^encoder\.layer\.(\d+)\./.exec(name)?.[1];
      const expected = name.startsWith("classifier.")
        ? { rate: 1, frozen: false }
        : layer === undefined || layer === "0"
          ? { rate: 1, frozen: true }
          : { rate: 0.5 ** (12 - Number(layer)), frozen: false };
      expect(settingOf(name, groups), name).toEqual(expected);
    }
    expect(names).toContain("embeddings_project.weight");
  });

  it.each<[string, FineTuneOptions, string]>([
    ["E_OPTIMIZER", { fineTune: { last: 3 } }, "Expected the last 0 to 2 layers to learn, got 3."],
    ["E_OPTIMIZER", { fineTune: { last: -1 } }, "got -1."],
    ["E_OPTIMIZER", { fineTune: { last: 1.5 } }, "got 1.5."],
    [
      "E_OPTIMIZER",
      { fineTune: "all", layerDecay: 0 },
      "Expected a layer decay above 0 and at most 1, got 0.",
    ],
    ["E_OPTIMIZER", { fineTune: "head", layerDecay: 1.1 }, "got 1.1."],
    ["E_OPTIMIZER", { fineTune: "all", layerDecay: NaN }, "got NaN."],
  ])("refuses %s %j", (code, options, message) => {
    const run = () => fineTuneGroups(program(2), options);
    expect(run).toThrow(EngineError);
    expect(run).toThrow(expect.objectContaining({ code }) as Error);
    expect(run).toThrow(message);
  });

  it("refuses a program without an encoder", () => {
    const recurrent = studentProgram(bilstm, { hidden: 2 });
    expect(() => fineTuneGroups(recurrent, { fineTune: "all" })).toThrow(
      "Expected parameters encoder.layer.0.*, got a program without an encoder.",
    );
  });
});
