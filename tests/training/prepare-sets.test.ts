import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { readLineFile } from "../../src/training/line-file.ts";
import { prepareSets, type PrepareSetsOptions } from "../../src/training/prepare-sets.ts";
import { readSet } from "../../src/training/set-files.ts";
import type { IdentifiedText, TextRow } from "../../src/types.ts";

const tokenizer = {
  encode: (text: string) => [2, Number(text), 3],
} as Partial<Tokenizer> as Tokenizer;

/** A text whose gold label was not bought: whoever reads it fails the test. */
const sealed = (number: number): IdentifiedText =>
  Object.defineProperty({ id: `id-${number}`, text: `${number}` }, "label", {
    get: () => {
      throw new Error(`The gold label of text ${number} was not bought.`);
    },
  });
const labelled = (number: number, label: string): TextRow => ({
  id: `id-${number}`,
  text: `${number}`,
  label,
});

const bought = [labelled(10, "no"), labelled(11, "yes"), labelled(12, "no")];
let folder: string;
let options: PrepareSetsOptions;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-sets-"));
  options = {
    folder,
    texts: {
      labelled: bought,
      transfer: [20, 21, 22, 23].map(sealed),
      validation: [30, 31].map(sealed),
    },
    // The teacher's answer to text n: n for class 0, 0 for class 1.
    readLogits: (ids) =>
      Promise.resolve(Float32Array.from(ids.flatMap((id) => [Number(id.slice(3)), 0]))),
    prepare: { classes: ["no", "yes"], validation: "transfer" },
    tokenizer,
    maxLength: 8,
  };
});
afterEach(() => rm(folder, { recursive: true }));

describe("prepareSets", () => {
  it("reads no gold label but those that were bought", async () => {
    const { all, validation } = await prepareSets(options);
    expect([...(await readSet(all.folder)).labels]).toEqual([0, 1, 0, -1, -1, -1, -1]);
    expect([...(await readSet(validation!.folder)).labels]).toEqual([-1, -1]);
    expect(validation!.against).toBe("teacher");
  });

  it("gives the hard-label control the labelled texts alone, without the teacher's logits", async () => {
    const set = await readSet((await prepareSets(options)).labelled.folder);
    expect([...set.tokens]).toEqual([2, 10, 3, 2, 11, 3, 2, 12, 3]);
    expect(set).toMatchObject({ rows: 3, logits: null, ids: ["id-10", "id-11", "id-12"] });
  });

  it("joins the teacher's logits to transfer, labelled and validation texts", async () => {
    const { all, validation } = await prepareSets(options);
    const firsts = async (path: string) =>
      (await readSet(path)).logits!.filter((_, place) => place % 2 === 0);
    expect([...(await firsts(all.folder))]).toEqual([10, 11, 12, 20, 21, 22, 23]);
    expect([...(await firsts(validation!.folder))]).toEqual([30, 31]);
  });

  it("keeps labelled texts without an answer for the controls, with their texts", async () => {
    const unanswered = new Set(["id-11"]);
    const sets = await prepareSets({ ...options, texts: { ...options.texts, unanswered } });
    expect((await readSet(sets.all.folder)).ids).not.toContain("id-11");
    expect(await readLineFile(sets.texts.path)).not.toContain("11");
    const labelled = await readSet(sets.labelled.folder);
    expect(labelled.ids).toEqual(["id-10", "id-11", "id-12"]);
    expect(await readLineFile(sets.labelledTexts!.path)).toEqual(["10", "11", "12"]);
    expect((await prepareSets(options)).labelledTexts).toBeNull();
  });

  it("uses gold labels of a validation split that the recipe bought, and asks no teacher about it", async () => {
    const asked: string[] = [];
    const { validation } = await prepareSets({
      ...options,
      texts: { ...options.texts, validation: [labelled(30, "yes")] },
      prepare: { classes: ["no", "yes"], validation: "gold" },
      readLogits: (ids) => {
        asked.push(...ids);
        return options.readLogits(ids);
      },
    });
    const set = await readSet(validation!.folder);
    expect([...set.labels]).toEqual([1]);
    expect(set.logits).toBeNull();
    expect(asked).not.toContain("id-30");
  });

  it("trains on the labelled texts where there is no transfer set, and validates on nothing where there is nothing", async () => {
    const { all, validation } = await prepareSets({
      ...options,
      texts: { labelled: bought, transfer: [], validation: [] },
    });
    // 3 pieces each.
    expect(all).toMatchObject({ rows: 3, pieces: 9 });
    expect(validation).toBeNull();
  });

  it("leaves the texts in the order of the rows", async () => {
    const { texts } = await prepareSets(options);
    expect(await readLineFile(texts.path)).toEqual(["10", "11", "12", "20", "21", "22", "23"]);
  });

  it("gives another digest to other targets, whatever the texts", async () => {
    const one = await prepareSets(options);
    const other = await prepareSets({
      ...options,
      readLogits: (ids) => Promise.resolve(new Float32Array(2 * ids.length)),
    });
    expect(other.all.digest).not.toBe(one.all.digest);
    expect(other.labelled.digest).toBe(one.labelled.digest);
  });
});
