import { describe, expect, it, vi } from "vitest";
import { recipeFrom } from "../../src/recipe/load.ts";
import { resolvedYaml } from "../../src/recipe/resolved.ts";
import { load, MINIMAL } from "./load-text.ts";

vi.mock("../../src/registry.ts", () => import("./fake-registry.ts"));

describe("loadRecipe: what is filled in", () => {
  it("writes out every default of a minimal recipe", async () => {
    const { recipe, folder, path } = await load(MINIMAL);
    expect(recipe).toEqual({
      name: "my-texts",
      task: "classification",
      data: {
        source: "texts.csv",
        columns: {},
        labelled: "all",
        testShare: 0.2,
        validationShare: 0.05,
        maxCharacters: 10_000,
        seed: 0,
      },
      teacher: {
        kind: "encoder-head",
        calibrate: "none",
        model: "teachers/some",
        maxLength: 128,
      },
      student: [
        {
          kind: "bilstm",
          name: "bilstm",
          embedding: { size: 128, init: "teacher" },
          hidden: 128,
          dropout: 0.1,
        },
      ],
      train: {
        loss: { kind: "hinton", temperature: 2, alpha: 0 },
        epochs: 20,
        batch: 64,
        accumulate: 1,
        optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        learningRate: 0.002,
        schedule: "linear",
        warmup: 0.1,
        weightDecay: 0.01,
        clipNorm: 1,
        patience: 5,
        maxLength: 128,
        seeds: [0, 1, 2],
        workers: "auto",
        shards: "auto",
        device: "cpu",
      },
      controls: ["hard-label", "linear", "majority"],
      evaluate: { resamples: 10_000, confidence: 0.95, seed: 0 },
      export: { formats: ["onnx"], tolerance: 1e-4 },
    });
    expect(folder).toBe("/somewhere");
    expect(path).toBe("/somewhere/my texts.yaml");
  });

  it("gives the same recipe when the resolved one is read again", async () => {
    const { recipe } = await load(`${MINIMAL}train: { seeds: [7, 3] }\n`);
    expect(recipe.train.seeds).toEqual([7, 3]);
    const again = await load(resolvedYaml(recipe));
    expect(again.recipe).toEqual(recipe);
  });

  it("takes a recipe that is an object", async () => {
    const recipe = await recipeFrom({
      data: { source: "texts.csv" },
      teacher: { kind: "encoder-head", model: "m" },
    });
    expect(recipe.name).toBe("recipe");
    expect(recipe.student[0]?.["hidden"]).toBe(128);
  });

  it("names each student of a list by its kind, or as it says", async () => {
    const { recipe } = await load(
      `${MINIMAL}student:\n  - kind: bilstm\n  - { kind: transformer, name: small, layers: 1 }\n`,
    );
    expect(recipe.student.map(({ name }) => name)).toEqual(["bilstm", "small"]);
    expect(recipe.student[1]).toMatchObject({ layers: 1, activation: "gelu" });
  });
});
