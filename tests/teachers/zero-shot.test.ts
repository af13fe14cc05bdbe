import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { digestOf } from "../../src/platform/digest.ts";
import type { Teacher } from "../../src/types.ts";
import { loadPairEncoder } from "../../teachers/transformers/pair-encoder.ts";
import { teacher as kind } from "../../teachers/zero-shot.ts";
import { makeHypotheses } from "../../teachers/zero-shot/hypotheses.ts";
import { zeroShotOptions } from "../../teachers/zero-shot/options.ts";
import { contextOf, logitsOf, placeOf } from "./helpers.ts";
import {
  changedModel,
  expectSameBitsBesideKnown,
  furthest,
  identified,
  tinyCases,
  tinyModel,
} from "./tiny-models.ts";

/** Every text with each of four sentences; logits are [contradiction, entailment, neutral]. */
const cases = tinyCases("nli");
const texts = identified([...new Set(cases.map(({ text }) => text))]);
const CLASSES = ["card_arrival", "exchange-rate", "transfer"];
/** Two of them are the classes' names with spaces; with the template they are the first three sentences. */
const descriptions = {
  card_arrival: "card arrival",
  "exchange-rate": "the exchange rate",
  transfer: "money that was sent to a friend",
};

let labelsFolder: string;
const made: string[] = [];
beforeAll(async () => {
  labelsFolder = await mkdtemp(join(tmpdir(), "limbeck-zero-shot-"));
});
afterAll(async () => {
  for (const folder of [labelsFolder, ...made]) await rm(folder, { recursive: true });
});

const optionsOf = (changes: Record<string, unknown> = {}) =>
  zeroShotOptions.parse({ model: tinyModel("nli"), maxLength: 26, descriptions, ...changes });

const open = (changes: Record<string, unknown> = {}, classes: readonly string[] = CLASSES) =>
  kind.open(optionsOf(changes), contextOf({ labelled: [], classes, labelsFolder }));

async function relabelled(...labels: string[]): Promise<string> {
  const id2label = Object.fromEntries(labels.map((label, index) => [index, label]));
  const folder = await changedModel(tinyModel("nli"), (config) => ({ ...config, id2label }));
  made.push(folder);
  return folder;
}

/** PyTorch's logits of a text with each of some sentences, as a score makes them. */
const expectedOf = (
  text: string,
  sentences: readonly string[],
  score: (logits: readonly number[]) => number,
) =>
  sentences.map((sentence) =>
    score(cases.find((one) => one.text === text && one.hypothesis === sentence)!.logits),
  );

const SENTENCES = Object.values(descriptions).map((text) => `This text is about ${text}.`);

async function expectLogits(
  teacher: Teacher,
  score: (logits: readonly number[]) => number,
): Promise<void> {
  const answers = await logitsOf(teacher, [...texts].reverse());
  expect(answers.size).toBe(texts.length);
  for (const { id, text } of texts) {
    // float32 in padded batches against PyTorch's float64, alone; token types and positions move logits by 0.01 and more.
    expect(furthest(answers.get(id)!, expectedOf(text, SENTENCES, score))).toBeLessThan(1e-5);
  }
  await teacher.close();
}

describe("loadPairEncoder", () => {
  it("gives the ids and types of Python's tokenizers, and cuts only the text", async () => {
    const encoder = await loadPairEncoder(tinyModel("nli"), 26);
    for (const { text, hypothesis, ids, types } of cases) {
      const pair = encoder.join(encoder.tokens(text), encoder.tokens(hypothesis!));
      expect([...pair.ids]).toEqual(ids);
      expect([...pair.types]).toEqual(types);
    }
    // The longest text is among them: it was cut.
    expect(cases.filter(({ ids }) => ids.length === 26).length).toBeGreaterThan(3);
  });
});

describe("zero-shot", () => {
  it("gives each class PyTorch's logit of entailment", async () => {
    await expectLogits(await open({ batch: 5 }), (logits) => logits[1]!);
  });

  it("reads that logit by its name, wherever the model has it and however it writes it", async () => {
    const last = await relabelled("NEUTRAL", "CONTRADICTION", "ENTAILMENT");
    await expectLogits(await open({ model: last }), (logits) => logits[2]!);
    const first = await relabelled("entailment", "neutral", "contradiction");
    await expectLogits(await open({ model: first }), (logits) => logits[0]!);
  });

  it("takes the contradiction off where the recipe asks for the margin", async () => {
    await expectLogits(await open({ score: "margin" }), ([no, yes]) => yes! - no!);
    const turned = await relabelled("entailment", "not_entailment", "neutral");
    await expectLogits(await open({ score: "margin", model: turned }), ([yes, no]) => yes! - no!);
  });

  it("averages over the templates", async () => {
    const template = ["This text is about {}.", "The subject is: {}."];
    const teacher = await open({ template, descriptions: { a: "refund", b: "card arrival" } }, [
      "a",
      "b",
    ]);
    const only = await open(
      { template: "This text is about {}.", descriptions: { a: "refund", b: "card arrival" } },
      ["a", "b"],
    );
    const [both, one] = [await logitsOf(teacher, texts), await logitsOf(only, texts)];
    for (const { id, text } of texts) {
      // The second template's logit for "refund" is a case; the first's comes from a teacher with that one alone.
      const [second] = expectedOf(text, ["The subject is: refund."], (logits) => logits[1]!);
      expect(both.get(id)![0]).toBeCloseTo((one.get(id)![0]! + second!) / 2, 5);
    }
    expect(teacher.facts).toMatchObject({
      passesPerText: 4,
      summary: "4 passes of the model per text (2 classes × 2 templates)",
    });
    await only.close();
    await teacher.close();
  });

  it("describes what changes a logit", async () => {
    const teacher = await open();
    expect(teacher.digest).toBe(digestOf(teacher.description));
    expect(teacher).toMatchObject({ labels: CLASSES, maxLength: 26, plan: "free", heldOut: "any" });
    const digests = new Set([teacher.digest]);
    for (const change of [
      { maxLength: 25 },
      { score: "margin" },
      { template: "It is about {}." },
      { descriptions: { ...descriptions, transfer: "money" } },
      { model: await relabelled("entailment", "neutral", "contradiction") },
    ])
      digests.add((await open(change)).digest);
    expect(digests.size).toBe(6);
  });

  it("answers more texts than fit in a chunk, each once", async () => {
    const teacher = await open();
    const many = identified(Array.from({ length: 1500 }, (_, index) => `card ${index}`));
    const answers = await logitsOf(teacher, [...many, ...texts]);
    expect(answers.size).toBe(1500 + texts.length);
    for (const { id, text } of texts) {
      const expected = expectedOf(text, SENTENCES, (logits) => logits[1]!);
      expect(furthest(answers.get(id)!, expected)).toBeLessThan(1e-5);
    }
    await teacher.close();
  });

  it("keeps to ranges of ids where the file quantizes whole batches", async () => {
    // Four labels, one of them called entailment: what is held here is which pairs run beside which.
    const model = await changedModel(tinyModel("topics"), (config) => ({
      ...config,
      id2label: { 0: "entailment", 1: "b", 2: "c", 3: "d" },
    }));
    made.push(model);
    const teacher = await open({ model, dtype: "q8" });
    expect(teacher.plan).toBe("fixed");
    await expectSameBitsBesideKnown({ teacher, count: 400, wanted: [5, 399] });
    await teacher.close();
  });

  it("answers for timing with the same bits", async () => {
    const teacher = await open();
    const answers = await logitsOf(teacher, texts);
    const { description, digest } = teacher;
    await openLabelStore({ folder: labelsFolder, description, digest, width: CLASSES.length });
    await teacher.close();
    const place = { ...placeOf(), labelsFolder, digest };
    const timed = (await kind.openForTiming(optionsOf(), place))!;
    const two = [texts[3]!, texts[0]!];
    expect(await timed.classify(two.map(({ text }) => text))).toEqual(
      two.map(({ id }) => answers.get(id)),
    );
    await timed.close();
    await expect(kind.openForTiming(optionsOf({ score: "margin" }), place)).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("score") as string,
    });
  });
});

describe("zero-shot with what does not fit", () => {
  it.each([
    [{ score: "entailment" }, ["positive", "negative", "neutral"], "label entailment"],
    [{ score: "entailment" }, ["LABEL_0", "LABEL_1", "LABEL_2"], "LABEL_0, LABEL_1, LABEL_2"],
    [{ score: "margin" }, ["entailment", "neutral", "other"], "label contradiction"],
    [{ score: "entailment" }, ["entailment", "Entailment", "neutral"], "label entailment"],
  ])("refuses %j of a model with the labels %j", async (changes, labels, part) => {
    const model = await relabelled(...labels);
    await expect(open({ ...changes, model })).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining(part) as string,
    });
  });

  it("refuses a description so long that no text fits beside it", async () => {
    const long = { ...descriptions, transfer: "money ".repeat(20) };
    await expect(open({ descriptions: long })).rejects.toThrow("leave 8 of 26 tokens");
  });

  it("checks its options", () => {
    for (const wrong of [
      { template: "no place" },
      { template: "{} and {}" },
      { template: [] },
      { score: "neutral" },
      { description: {} },
    ])
      expect(zeroShotOptions.safeParse({ model: "x", ...wrong }).success).toBe(false);
  });
});

describe("makeHypotheses", () => {
  const template = "About {}.";
  it("makes words of names, and keeps a $ of a description", () => {
    expect(makeHypotheses({ template }, ["card_arrival", "top-up__now"]).sentences).toEqual([
      "About card arrival.",
      "About top up now.",
    ]);
    const priced = makeHypotheses({ template, descriptions: { a: "$& and $1" } }, ["a"]);
    expect(priced.sentences).toEqual(["About $& and $1."]);
  });

  it("keeps a class's sentences together", () => {
    const two = makeHypotheses({ template: ["A {}", "B {}"] }, ["x", "y"]);
    expect(two.sentences).toEqual(["A x", "B x", "A y", "B y"]);
  });

  it.each([
    [{ a: "x" }, "none of b"],
    [{ a: "x", b: "y", c: "z" }, "descriptions of c"],
    [{ a: "x", b: " " }, "empty descriptions of b"],
    [{ a: "x", b: "x" }, "a and b"],
  ])("refuses %j for the classes a and b", (given, part) => {
    expect(() => makeHypotheses({ template, descriptions: given }, ["a", "b"])).toThrow(part);
  });
});
