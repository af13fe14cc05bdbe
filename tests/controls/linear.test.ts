import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeLinearModel } from "../../src/controls/linear-model.ts";
import { loadLinear, saveLinear, trainLinear } from "../../src/controls/linear.ts";
import { Tfidf } from "../../src/controls/tfidf.ts";
import { argmax, softmax } from "../../src/math/softmax.ts";

interface Fixture {
  texts: string[];
  unseen: string[];
  models: { weights: Record<string, number[]>; bias: number[]; probabilities: number[][] }[];
}

// scikit-learn; generator: tests/fixtures/generators/linear_control.py
const fixture = JSON.parse(
  readFileSync(new URL("../fixtures/controls/linear.json", import.meta.url), "utf8"),
) as Fixture;

const ANIMALS = ["cat", "dog", "owl", "eel"];
/** Class by the animal; the words around it say nothing. */
const texts = Array.from({ length: 80 }, (_, index) => {
  const filler = ["quite a", "look at the", "there goes one", "say hello to"][
    Math.floor(index / 4) % 4
  ]!;
  return `${filler} ${ANIMALS[index % 4]!} number ${index}`;
});
const labels = texts.map((_, index) => index % 4);
const options = { texts, targets: { labels }, classes: 4, seed: 0 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-linear-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("makeLinearModel", () => {
  it.each([0, 1, 2])(
    "gives scikit-learn's probabilities with its coefficients (model %i)",
    (index) => {
      const { weights, bias, probabilities } = fixture.models[index]!;
      const tfidf = Tfidf.fit(fixture.texts);
      const model = makeLinearModel({
        tfidf,
        weights: Float32Array.from(tfidf.terms.flatMap((term) => weights[term]!)),
        bias: Float32Array.from(bias),
        facts: { texts: 12, strength: 1, strengths: [], iterations: 0, converged: true },
      });
      const logits = model.logits(fixture.unseen);
      probabilities.forEach((expected, row) => {
        const found = softmax(logits.subarray(3 * row, 3 * row + 3));
        expected.forEach((probability, place) => {
          expect(found[place]).toBeCloseTo(probability, 5);
        });
      });
    },
  );
});

describe("trainLinear", () => {
  it("learns which words tell the classes apart, and says how it chose its strength", async () => {
    const progress: string[] = [];
    const model = await trainLinear({
      ...options,
      report: (done, total) => progress.push(`${done}/${total}`),
    });
    const logits = model.logits(ANIMALS.map((animal) => `an unseen text about the ${animal} here`));
    expect(ANIMALS.map((_, row) => argmax(logits.subarray(4 * row, 4 * row + 4)))).toEqual([
      0, 1, 2, 3,
    ]);
    expect(model.facts.strengths.map(({ strength }) => strength)).toEqual([1, 5, 20, 100]);
    expect(model.facts.strengths.at(-1)!.accuracy).toBeGreaterThan(0.9);
    // Three folds × four strengths; the thirteenth regression is the model itself.
    expect(progress).toEqual(Array.from({ length: 12 }, (_, done) => `${done + 1}/13`));
    expect(model.parameters).toBe((model.tfidf.terms.length + 1) * 4);
  });

  it("gives the same weights again", async () => {
    const [one, other] = [await trainLinear(options), await trainLinear(options)];
    expect(other.weights).toEqual(one.weights);
  });

  it("learns from probabilities what it cannot learn from their argmax", async () => {
    // Class 0 is the likeliest everywhere; only the probability of class 1 tells cats from dogs.
    const mixed = texts
      .slice(0, 40)
      .map((_, index) => (index % 2 === 0 ? "a cat purrs" : "a dog barks"));
    const probabilities = Float32Array.from(
      mixed.flatMap((_, index) => (index % 2 === 0 ? [0.9, 0.1] : [0.6, 0.4])),
    );
    const model = await trainLinear({
      texts: mixed,
      targets: { probabilities },
      classes: 2,
      seed: 0,
    });
    const logits = model.logits(["a cat purrs", "a dog barks"]);
    expect(softmax(logits.subarray(0, 2))[1]).toBeCloseTo(0.1, 1);
    expect(softmax(logits.subarray(2, 4))[1]).toBeCloseTo(0.4, 1);
  });

  it("takes the usual strength where nothing can be held out", async () => {
    const model = await trainLinear({
      ...options,
      texts: texts.slice(0, 4),
      targets: { labels: [0, 1, 2, 3] },
    });
    expect(model.facts).toMatchObject({ strength: 20, strengths: [], texts: 4 });
  });

  it("answers a text without a known word with the bias", async () => {
    const model = await trainLinear(options);
    expect(model.logits(["", "???"])).toEqual(Float32Array.of(...model.bias, ...model.bias));
  });

  it("refuses to learn from nothing", async () => {
    await expect(trainLinear({ ...options, texts: [] })).rejects.toThrow("got none");
  });
});

describe("saveLinear and loadLinear", () => {
  it("answer alike before and after", async () => {
    const model = await trainLinear(options);
    const bytes = await saveLinear(folder, model);
    const weights = await readFile(join(folder, "weights.safetensors"));
    const json = await readFile(join(folder, "model.json"));
    expect(bytes).toBe(weights.byteLength + json.byteLength);
    const loaded = await loadLinear(folder);
    expect(loaded.logits(texts)).toEqual(model.logits(texts));
    expect(loaded.facts).toEqual(model.facts);
  });

  it.each([
    [
      "a cut weights file",
      "weights.safetensors",
      (bytes: Buffer) => bytes.subarray(0, bytes.length - 8),
    ],
    ["a cut JSON file", "model.json", (bytes: Buffer) => bytes.subarray(0, 100)],
    ["a JSON file of another kind", "model.json", () => Buffer.from("{}")],
    [
      "terms of another model",
      "model.json",
      (bytes: Buffer) => Buffer.from(bytes.toString().replace('"terms":[', '"terms":["extra",')),
    ],
  ])("names %s and the cure", async (_, file, damage) => {
    await saveLinear(folder, await trainLinear(options));
    const path = join(folder, file);
    await writeFile(path, damage(await readFile(path)));
    await expect(loadLinear(folder)).rejects.toMatchObject({
      code: "E_TRAINING",
      message: expect.stringMatching(/Expected a linear model in .*Train again/s) as string,
    });
  });

  it("names a folder without a model", async () => {
    await expect(loadLinear(join(folder, "nothing"))).rejects.toMatchObject({ code: "E_TRAINING" });
  });
});
