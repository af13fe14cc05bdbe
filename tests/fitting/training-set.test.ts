import { describe, expect, it } from "vitest";
import type { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Random } from "../../src/math/random.ts";
import {
  buildTrainingSet,
  digestSet,
  labelledRows,
  selectRows,
  type TextWithLabel,
} from "../../src/fitting/training-set.ts";

/** A piece per word: `w<n>` is piece n. */
const tokenizer = {
  pieces: 1000,
  padId: 0,
  unknownId: 1,
  encode: (text: string) => [2, ...text.split(" ").map((word) => Number(word.slice(1))), 3],
} as Partial<Tokenizer> as Tokenizer;

const texts: TextWithLabel[] = Array.from({ length: 40 }, (_, index) => ({
  id: `id-${index}`,
  text: `w${100 + index}`,
  label: index < 10 ? index % 2 : -1,
}));
/** What the teacher said, by id: row index + class / 10. */
const store = new Map(texts.map(({ id }, index) => [id, [index, index + 0.5]]));
const options = {
  tokenizer,
  maxLength: 16,
  classes: 2,
  readLogits: (ids: readonly string[]) =>
    Promise.resolve(Float32Array.from(ids.flatMap((id) => store.get(id)!))),
};

describe("buildTrainingSet", () => {
  it("joins logits by id, whatever the order of the texts", async () => {
    const shuffled = new Random("order").shuffle([...texts]);
    const set = await buildTrainingSet(shuffled, options);
    for (let row = 0; row < set.rows; row += 1) {
      // Piece 100 + n is the only word of text n, whose teacher's logits are n and n + 0.5.
      const index = set.tokens[set.offsets[row]! + 1]! - 100;
      expect([...set.logits!.subarray(2 * row, 2 * row + 2)]).toEqual([index, index + 0.5]);
      expect(set.labels[row]).toBe(texts[index]!.label);
    }
  });

  it("keeps a text that comes twice once, with its gold label", async () => {
    const set = await buildTrainingSet(
      [{ ...texts[3]!, label: -1 }, texts[12]!, texts[3]!],
      options,
    );
    expect(set.rows).toBe(2);
    expect(set.ids).toEqual(["id-3", "id-12"]);
    expect([...set.labels]).toEqual([1, -1]);
    expect([...set.logits!]).toEqual([3, 3.5, 12, 12.5]);
  });

  it("grows beyond its first room", async () => {
    const long = Array.from({ length: 300 }, (_, index) => ({
      id: `id-${index % 40}-${index}`,
      text: Array.from({ length: 400 }, () => `w${100 + index}`).join(" "),
      label: -1,
    }));
    const set = await buildTrainingSet(long, { ...options, readLogits: null });
    expect(set.tokens.length).toBe(300 * 402);
    expect(set.tokens[set.offsets[299]! + 1]).toBe(399);
  });

  it("refuses logits of another number of classes", async () => {
    const readLogits = () => Promise.resolve(new Float32Array(7));
    await expect(buildTrainingSet(texts, { ...options, readLogits })).rejects.toThrow(
      /Expected 80 logits \(40 texts × 2 classes\), got 7/,
    );
  });
});

describe("selectRows", () => {
  it("takes tokens, logits and labels of the same rows", async () => {
    const set = await buildTrainingSet(texts, options);
    const part = selectRows(set, [7, 2]);
    expect([...part.tokens]).toEqual([2, 107, 3, 2, 102, 3]);
    expect([...part.offsets]).toEqual([0, 3, 6]);
    expect([...part.logits!]).toEqual([7, 7.5, 2, 2.5]);
    expect([...part.labels]).toEqual([1, 0]);
    expect(part.ids).toEqual(["id-7", "id-2"]);
    expect(labelledRows(set)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe("digestSet", () => {
  it("changes with a token, a logit or a label", async () => {
    const set = await buildTrainingSet(texts, options);
    const changed = ["tokens", "logits", "labels"].map((name) => {
      const array = set[name as "tokens"].slice();
      array[5]! += 1;
      return digestSet({ ...set, [name]: array });
    });
    expect(new Set([digestSet(set), ...changed]).size).toBe(4);
    expect(digestSet({ ...set, ids: [] })).toBe(digestSet(set));
    expect(digestSet(set)).toBe(digestSet(await buildTrainingSet(texts, options)));
  });
});
