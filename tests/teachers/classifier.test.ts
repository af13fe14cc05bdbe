import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { digestOf } from "../../src/platform/digest.ts";
import type { ProgressEvent, Teacher } from "../../src/types.ts";
import { teacher as kind } from "../../teachers/classifier.ts";
import { classifierOptions } from "../../teachers/classifier/options.ts";
import { contextOf, logitsOf, MODEL, placeOf } from "./helpers.ts";
import {
  changedModel,
  expectSameBitsBesideKnown,
  furthest,
  identified,
  tinyCases,
  tinyModel,
} from "./tiny-models.ts";

/** In the order of the data; the model has them as Card arrival, exchange_rate, transfer, refund. */
const CLASSES = ["card_arrival", "exchange_rate", "refund", "transfer"];
/** The model's column of each class. */
const COLUMNS = [0, 1, 3, 2];
/** In the cut tokenizer's vocabulary. */
const PIECES = 122;
const cases = tinyCases("topics");
const texts = identified(cases.map(({ text }) => text));

let labelsFolder: string;
const made: string[] = [];
beforeAll(async () => {
  labelsFolder = await mkdtemp(join(tmpdir(), "limbeck-classifier-"));
});
afterAll(async () => {
  for (const folder of [labelsFolder, ...made]) await rm(folder, { recursive: true });
});

const optionsOf = (changes: Record<string, unknown> = {}) =>
  classifierOptions.parse({ model: tinyModel("topics"), maxLength: 24, ...changes });

const open = (
  changes: Record<string, unknown> = {},
  classes: readonly string[] = CLASSES,
  report: (event: ProgressEvent) => void = () => undefined,
): Promise<Teacher> =>
  kind.open(optionsOf(changes), contextOf({ labelled: [], classes, labelsFolder, report }));

async function changed(change: (config: Record<string, unknown>) => Record<string, unknown>) {
  const folder = await changedModel(tinyModel("topics"), change);
  made.push(folder);
  return folder;
}

describe("classifier", () => {
  it("gives PyTorch's raw logits, in the order of the data's classes, joined by id", async () => {
    const teacher = await open({ batch: 4 });
    const answers = await logitsOf(teacher, [...texts].reverse());
    expect(answers.size).toBe(cases.length);
    cases.forEach(({ logits }, index) => {
      const expected = COLUMNS.map((column) => logits[column]!);
      // float32 against PyTorch's float64, padded against unpadded; probabilities would be off by more than 0.5.
      expect(furthest(answers.get(texts[index]!.id)!, expected)).toBeLessThan(1e-5);
    });
    await teacher.close();
  });

  it("describes what changes a logit: files, length, mapping; not the batch", async () => {
    const teacher = await open();
    expect(teacher.digest).toBe(digestOf(teacher.description));
    expect(teacher).toMatchObject({ labels: CLASSES, maxLength: 24, plan: "free", heldOut: "any" });
    expect(teacher.description["from"]).toEqual({
      card_arrival: ["Card arrival"],
      exchange_rate: ["exchange_rate"],
      refund: ["refund"],
      transfer: ["transfer"],
    });
    // Word, position and type vectors; 2 layers; pooler and classifier; the five norms, all 1 and 0, share one pair.
    const vectors = 32 * (PIECES + 48 + 2);
    const layer = 4 * (32 * 32 + 32) + (32 * 64 + 64) + (64 * 32 + 32);
    const head = 32 * 32 + 32 + 32 * 4 + 4;
    expect(teacher.parameters).toBe(vectors + 2 * layer + head + 2 * 32);
    for (const change of [{ maxLength: 12 }, { dtype: "q8" }]) {
      const other = await open(change);
      expect(other.digest).not.toBe(teacher.digest);
      await other.close();
    }
    const same = await open({ batch: 2 });
    expect(same.digest).toBe(teacher.digest);
    await same.close();
    await teacher.close();
  });

  it("reads no more of a text than the model can", async () => {
    const teacher = await open({ maxLength: 400 });
    expect(teacher.maxLength).toBe(48);
    // 300 words are 48 tokens with the special ones; more would have no position.
    const [long] = identified(["card ".repeat(300)]);
    expect([...(await logitsOf(teacher, [long!])).values()][0]).toHaveLength(4);
    await teacher.close();
  });

  it("lays blocks down beforehand where the file quantizes whole batches, and says so", async () => {
    const warnings: string[] = [];
    const teacher = await open({ dtype: "q8" }, CLASSES, (event) => {
      if (event.kind === "warning") warnings.push(event.message);
    });
    expect(teacher.plan).toBe("fixed");
    expect(teacher.description["model"]).toMatchObject({ plan: "fixed", batch: 32 });
    expect(warnings).toEqual([expect.stringContaining("quantizes whole batches")]);
    const { sorted, logits } = await expectSameBitsBesideKnown({
      teacher,
      count: 3000,
      wanted: [5, 700, 2999],
    });
    // Without their neighbours they would have others: what the ranges are for.
    const alone = await logitsOf(
      teacher,
      sorted.filter(({ id }) => logits.has(id)),
    );
    expect([...logits].some(([id, row]) => furthest(alone.get(id)!, row) > 0)).toBe(true);
    await teacher.close();
  });

  it("answers one text at a time with the same bits, and not as another teacher than labelled", async () => {
    const teacher = await open();
    const answers = await logitsOf(teacher, texts);
    const { description, digest } = teacher;
    await openLabelStore({ folder: labelsFolder, description, digest, width: CLASSES.length });
    await teacher.close();
    const place = { ...placeOf(), labelsFolder, digest };
    const timed = (await kind.openForTiming(optionsOf(), place))!;
    for (const { id, text } of texts)
      expect(await timed.classify([text])).toEqual([answers.get(id)]);
    await timed.close();
    await expect(kind.openForTiming(optionsOf({ maxLength: 16 }), place)).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("maxLength") as string,
    });
  });

  it("stops at the signal after what is in flight", async () => {
    const teacher = await open({ batch: 1 });
    const many = identified(Array.from({ length: 3000 }, (_, index) => `card ${index}`));
    const stop = new AbortController();
    const seen: string[] = [];
    const run = async () => {
      async function* stream() {
        for (const text of many) yield await Promise.resolve(text);
      }
      for await (const { id } of teacher.label(stream(), stop.signal)) {
        seen.push(id);
        stop.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: "E_ABORTED" });
    expect(seen.length).toBeGreaterThan(0);
    // Four blocks of 128 per worker are in flight, and the one that was begun.
    expect(seen.length).toBeLessThanOrEqual(5 * 128);
    await teacher.close();
  });

  it("warns once of texts in another language", async () => {
    const warnings: string[] = [];
    const teacher = await open({}, CLASSES, (event) => {
      if (event.kind === "warning") warnings.push(event.message);
    });
    const russian = identified([
      "Где мои деньги, которые я отправил другу?",
      "Моя карта не работает, верните деньги на счёт",
      "Какой сегодня курс обмена валюты у банка?",
    ]);
    await logitsOf(teacher, russian);
    await logitsOf(teacher, russian);
    expect(warnings).toEqual([expect.stringContaining("does not fit the texts")]);
    await teacher.close();
  });

  it("says how a model of the hub may be had", async () => {
    await expect(open({ model: "some/model@main" })).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("--download") as string,
    });
  });

  it("gives the model's word vectors", async () => {
    const lexicon = (await kind.lexicon(optionsOf(), placeOf()))!;
    const { rows, size } = await lexicon.embeddings();
    expect([rows, size]).toEqual([PIECES, 32]);
  });
});

describe("a model with one logit", () => {
  const [ham, spam] = ["ham", "spam"];
  it.each([
    { classes: [ham, spam], positive: spam, row: (z: number) => [0, z] },
    { classes: [ham, spam], positive: ham, row: (z: number) => [z, 0] },
  ])("is [0, z] with z at $positive", async ({ classes, positive, row }) => {
    const labels = { LABEL_0: positive };
    const teacher = await open({ model: tinyModel("spam"), labels }, classes);
    const one = tinyCases("spam");
    const own = identified(one.map(({ text }) => text));
    const answers = await logitsOf(teacher, own);
    one.forEach(({ logits }, index) => {
      expect(furthest(answers.get(own[index]!.id)!, row(logits[0]!))).toBeLessThan(1e-5);
    });
    await teacher.close();
  });

  it.each([
    [{}, [ham, spam], "LABEL_0"],
    [{ labels: { LABEL_0: "eggs" } }, [ham, spam], "eggs"],
    [{ labels: { LABEL_0: spam, LABEL_1: ham } }, [ham, spam], "LABEL_1"],
    [{ labels: { LABEL_0: spam } }, [ham, spam, "eggs"], "two classes"],
  ])("refuses what does not name its class: %j", async (changes, classes, part) => {
    await expect(open({ model: tinyModel("spam"), ...changes }, classes)).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining(part) as string,
    });
  });
});

describe("a model that is no classifier of these texts", () => {
  const expectError = async (opening: Promise<Teacher>, ...parts: string[]) => {
    // What only shows in the model's file shows when it runs.
    const run = async () => {
      const teacher = await opening;
      try {
        await logitsOf(teacher, texts);
      } finally {
        await teacher.close();
      }
    };
    const thrown: unknown = await run().then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(thrown).toMatchObject({ code: "E_TEACHER" });
    for (const part of parts) expect((thrown as Error).message).toContain(part);
  };

  it("is refused where labels and classes differ, with both lists and the difference", async () => {
    await expectError(
      open({}, ["card_arrival", "exchange_rate", "refund", "top_up"]),
      "no class for the model's transfer",
      "no label for the data's top_up",
      'labels: "Card arrival", exchange_rate, transfer, refund.',
      "classes: card_arrival, exchange_rate, refund, top_up.",
    );
  });

  it("is refused without names for its logits, and as a regression", async () => {
    const none = await changed(({ id2label: _, ...config }) => config);
    await expectError(open({ model: none }), "id2label", "none");
    const gap = await changed((config) => ({ ...config, id2label: { 0: "a", 2: "b" } }));
    await expectError(open({ model: gap }), "logits 0 to 1");
    const number = await changed((config) => ({ ...config, problem_type: "regression" }));
    await expectError(open({ model: number }), "regression");
  });

  it("is refused where a file of it is no JSON, naming the file", async () => {
    const broken = await changed((config) => config);
    await writeFile(join(broken, "tokenizer_config.json"), "{");
    await expectError(open({ model: broken }), "JSON in tokenizer_config.json", broken);
  });

  it("is refused where it has more logits than names", async () => {
    const three = await changed((config) => ({
      ...config,
      id2label: { 0: "card_arrival", 1: "exchange_rate", 2: "transfer" },
    }));
    const classes = ["card_arrival", "exchange_rate", "transfer"];
    await expectError(open({ model: three }, classes), "6, 3]", "[6, 4]");
  });

  it("is refused where it classifies words", async () => {
    const labels = { O: null, "B-card": "card_arrival", "I-card": "refund" };
    const words = open({ model: tinyModel("words"), labels }, ["card_arrival", "refund"]);
    await expectError(words, "a row per token", "sequence classification");
  });

  it("is refused where it has no logits", async () => {
    const vectors = await changedModel(MODEL, (config) => ({
      ...config,
      id2label: { 0: "yes", 1: "no" },
    }));
    made.push(vectors);
    await expectError(
      open({ model: vectors, dtype: "q8" }, ["no", "yes"]),
      "got last_hidden_state",
      "encoder-head",
    );
  });
});
