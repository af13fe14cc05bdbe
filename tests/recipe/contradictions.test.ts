import { describe, expect, it, vi } from "vitest";
import { failure, load, MINIMAL } from "./load-text.ts";

vi.mock("../../src/registry.ts", () => import("./fake-registry.ts"));

describe("loadRecipe: contradictions", () => {
  it.each([
    [
      "train: { seeds: [1, 2, 1] }",
      "r.yaml:6:24: Expected every entry of train.seeds once, got 1 again. Remove it.",
    ],
    [
      "controls: [linear, linear]",
      'r.yaml:6:20: Expected every entry of controls once, got "linear" again. Remove it.',
    ],
    [
      "student: [{ kind: bilstm }, { kind: bilstm }]",
      'r.yaml:6:29: Expected every student to have a name of its own, got "bilstm" again. ' +
        "Add a name to this one, such as name: bilstm-small.",
    ],
    [
      "student: { name: linear-teacher }",
      'Expected a student\'s name that no control uses, got "linear-teacher". Choose another.',
    ],
    [
      "student: [{ name: a }, { name: a-hard-label }]",
      'Expected a student\'s name that no control uses, got "a-hard-label". Choose another.',
    ],
    [
      "train: { batch: 2, shards: 3 }",
      "r.yaml:6:28: Expected train.shards of at most train.batch, 2, got 3. A shard without a text has nothing to do: " +
        "use fewer.",
    ],
    [
      "train: { optimizer: { kind: sgd, momentum: 0, nesterov: true } }",
      "Expected some train.optimizer.momentum with nesterov, got 0. Set momentum: 0.9, or nesterov: false.",
    ],
    [
      "train: { loss: { alpha: 1 } }\ndata: { source: texts.csv, labelled: none }",
      "Expected gold labels for train.loss.alpha: 1, which learns from nothing else, got data.labelled: none. Set alpha: 0.",
    ],
    [
      "data: { source: texts.csv, classes: [a, b, a] }",
      'Expected every entry of data.classes once, got "a" again. Remove it.',
    ],
  ])("%s", async (line, expected) => {
    const minimal = line.includes("data:") ? MINIMAL.slice(MINIMAL.indexOf("teacher")) : MINIMAL;
    expect(await failure(`${minimal}${line}\n`)).toContain(expected);
  });

  it("needs something to learn from", async () => {
    const text = "data: { source: { test: t.csv } }\nteacher: { kind: zero-shot }\n";
    expect(await failure(text)).toContain(
      "r.yaml:1:9: Expected data.source to name files to learn from, got neither train nor unlabeled. Add train.",
    );
  });

  it("allows hard labels alone", async () => {
    const { recipe } = await load(
      `${MINIMAL}train: { loss: { alpha: 1 } }\ncontrols: [hard-label]\n`,
    );
    expect([recipe.train.loss.alpha, recipe.controls]).toEqual([1, ["hard-label"]]);
  });
});
