import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { openLabelStore } from "../../src/labels/label-store.ts";
import { argmax } from "../../src/math/softmax.ts";
import { digestOf } from "../../src/platform/digest.ts";
import { teacher as kind } from "../../teachers/encoder-head.ts";
import type * as startWorker from "../../teachers/transformers/start-worker.ts";
import { encoderHeadOptions } from "../../teachers/encoder-head/options.ts";
import {
  bankingTexts,
  contextOf,
  logitsOf,
  MODEL,
  placeOf,
  splitBankingTexts,
  streamOf,
} from "./helpers.ts";

/** While it is set, an encoder that starts fails: whatever is not in the cache shows. */
const encoder = vi.hoisted(() => ({ forbidden: false }));
vi.mock("../../teachers/transformers/start-worker.ts", async (importOriginal) => {
  const original = await importOriginal<typeof startWorker>();
  const startModelWorker = (data: unknown) => {
    if (encoder.forbidden) throw new Error("the encoder was started");
    return original.startModelWorker(data);
  };
  return { startModelWorker };
});
afterEach(() => {
  encoder.forbidden = false;
});

const options = encoderHeadOptions.parse({ model: MODEL });
// 8 labels of each class; the other 22 are to be labelled.
const { classes, labelled, others } = splitBankingTexts({ intents: 5, perClass: 30, labelled: 8 });

let labelsFolder: string;
beforeAll(async () => {
  labelsFolder = await mkdtemp(join(tmpdir(), "limbeck-teacher-"));
});
afterAll(async () => {
  await rm(labelsFolder, { recursive: true });
});

describe("encoder-head", () => {
  it("labels every text once, well, and the same in any order; a shift by one shows", async () => {
    const context = contextOf({ labelled, classes, labelsFolder, workers: 2 });
    const teacher = await kind.open(options, context);
    expect(teacher.digest).toBe(digestOf(teacher.description));
    expect(teacher.labels).toEqual(classes);
    const answers = await logitsOf(teacher, others);
    const shuffled = await logitsOf(teacher, [...others].reverse());
    expect(answers.size).toBe(others.length);
    for (const { id } of others) expect(shuffled.get(id)).toEqual(answers.get(id));
    const share = (shift: number) => {
      const right = others.filter(
        ({ label }, at) => argmax(answers.get(others[(at + shift) % others.length]!.id)!) === label,
      );
      return right.length / others.length;
    };
    // Five intents are easy for this encoder; a whole class's shift leaves every answer wrong.
    expect(share(0)).toBeGreaterThan(0.9);
    expect(share(22)).toBeLessThan(0.1);
    await teacher.close();
  });

  it("has the same digest and logits when it is opened again, and never runs the encoder twice", async () => {
    const first = await kind.open(options, contextOf({ labelled, classes, labelsFolder }));
    const answers = await logitsOf(first, others);
    await first.close();
    encoder.forbidden = true;
    const again = await kind.open(options, contextOf({ labelled, classes, labelsFolder }));
    expect(again.digest).toBe(first.digest);
    expect(await logitsOf(again, others)).toEqual(answers);
    await again.close();
    // Another draw of labels and another strength: another head, the same vectors.
    const draw = [...labelled.slice(1), others[0]!];
    const other = await kind.open(
      { ...options, strength: 3 },
      contextOf({ labelled: draw, classes, labelsFolder }),
    );
    expect(other.digest).not.toBe(first.digest);
    expect(other.facts).toMatchObject({ strength: 3, strengthFrom: "recipe" });
    const unseen = logitsOf(other, bankingTexts(6, 2).texts.slice(-2));
    await expect(unseen).rejects.toThrow("the encoder was started");
    await other.close();
  });

  it("joins the labelled texts by id: their order does not matter beyond rounding", async () => {
    const fixed = { ...options, strength: 10 };
    const here = await kind.open(fixed, contextOf({ labelled, classes, labelsFolder }));
    const there = await kind.open(
      fixed,
      contextOf({ labelled: [...labelled].reverse(), classes, labelsFolder }),
    );
    const [a, b] = [await logitsOf(here, others), await logitsOf(there, others)];
    // Sums over the texts in another order: equal up to rounding and the fit's tolerance.
    for (const { id } of others)
      a.get(id)!.forEach((logit, at) => {
        expect(logit).toBeCloseTo(b.get(id)![at]!, 1);
      });
    await here.close();
    await there.close();
  });

  it("says how its strength was chosen", async () => {
    const teacher = await kind.open(options, contextOf({ labelled, classes, labelsFolder }));
    const { facts } = teacher;
    expect(facts).toMatchObject({
      strengthFrom: "cross-validation",
      folds: 5,
      fit: { converged: true },
    });
    expect(facts["crossValidation"]).toHaveLength(9);
    expect(facts["summary"]).toMatch(
      /^head's C = [\d.]+ by 5-fold cross-validation \(\d+\.\d %\)$/,
    );
    // 22.6 million of the encoder (the shipped file has no pooler), 5 · 385 of the head.
    expect(teacher.parameters).toBeGreaterThan(22.5e6 + 1925);
    expect(teacher.parameters).toBeLessThan(22.8e6);
    expect(teacher.bytes).toBeGreaterThan(22_932_532);
    await teacher.close();
  });

  it("answers one text at a time with the same bits, from the head beside the labels", async () => {
    const teacher = await kind.open(options, contextOf({ labelled, classes, labelsFolder }));
    const answers = await logitsOf(teacher, others);
    const { description, digest, files } = teacher;
    await openLabelStore({
      folder: labelsFolder,
      description,
      digest,
      width: classes.length,
      files,
    });
    await teacher.close();
    const place = { ...placeOf(), labelsFolder, digest };
    const timed = (await kind.openForTiming(options, place))!;
    for (const { id, text } of others.slice(0, 5))
      expect(await timed.classify([text])).toEqual([answers.get(id)]);
    const three = others.slice(10, 13);
    expect(await timed.classify(three.map(({ text }) => text))).toEqual(
      three.map(({ id }) => answers.get(id)),
    );
    await timed.close();
    const other = { ...options, maxLength: 64 };
    const changed = kind.openForTiming(other, place);
    await expect(changed).rejects.toMatchObject({
      code: "E_TEACHER",
      message: expect.stringContaining("maxLength") as string,
    });
  });

  it("stops at the signal, with what was encoded on disk", async () => {
    const fresh = await mkdtemp(join(tmpdir(), "limbeck-stop-"));
    const teacher = await kind.open(
      { ...options, strength: 1 },
      contextOf({ labelled, classes, labelsFolder: fresh }),
    );
    const many = bankingTexts(20, 60).texts;
    const stop = new AbortController();
    const seen: string[] = [];
    const run = async () => {
      for await (const { id } of teacher.label(streamOf(many), stop.signal)) {
        seen.push(id);
        if (seen.length === 200) stop.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: "E_ABORTED" });
    expect(seen.length).toBeLessThan(many.length);
    await teacher.close();
    encoder.forbidden = true;
    const again = await kind.open(
      { ...options, strength: 1 },
      contextOf({ labelled, classes, labelsFolder: fresh }),
    );
    const saved = many.filter(({ id }) => seen.includes(id));
    expect((await logitsOf(again, saved)).size).toBe(seen.length);
    await again.close();
    await rm(fresh, { recursive: true });
  });

  it("gives the teacher's word vectors, dequantized", async () => {
    const lexicon = (await kind.lexicon(options, placeOf()))!;
    expect(lexicon.tokenizer).toBe(join(MODEL, "tokenizer.json"));
    const { rows, size, data } = await lexicon.embeddings();
    expect([rows, size, data.length]).toEqual([30522, 384, 30522 * 384]);
    // Word vectors of BERT have a deviation of about 0.05; raw int8 would be hundreds of times that.
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
    expect(deviation).toBeGreaterThan(0.01);
    expect(deviation).toBeLessThan(0.2);
  });
});
