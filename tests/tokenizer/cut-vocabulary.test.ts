import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { cutVocabulary, type CutVocabulary } from "../../src/tokenizer/cut-vocabulary.ts";
import { makeTokenizer, type Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import {
  checkTokenizerJson,
  readTokenizerJson,
  type TokenizerJson,
} from "../../src/tokenizer/tokenizer-json.ts";

const root = join(import.meta.dirname, "../..");
const readTexts = (split: "train" | "test") =>
  readFileSync(join(root, `datasets/banking77/${split}.tsv`), "utf8")
    .split("\n")
    .slice(1, -1)
    .map((line) => line.slice(line.indexOf("\t") + 1));

let original: TokenizerJson;
let full: Tokenizer;
let texts: string[];
let cut: CutVocabulary;
let tokenizer: Tokenizer;

beforeAll(async () => {
  original = await readTokenizerJson(join(root, "teachers/minilm-l6-v2/tokenizer.json"));
  full = makeTokenizer(original);
  texts = readTexts("train");
  cut = cutVocabulary(original, texts, 128);
  tokenizer = makeTokenizer(cut.tokenizer);
});

/** The old ids that the cut tokenizer's answer stands for. */
const asOld = (ids: number[]) => ids.map((id) => cut.kept[id]!);

describe("cutVocabulary on Banking77", () => {
  it("leaves the tokenization of every transfer text as it was", () => {
    for (const text of texts)
      expect(asOld(tokenizer.encode(text, 128))).toEqual(full.encode(text, 128));
  });

  it("is a small part of the teacher's vocabulary", () => {
    // 2,418 pieces are used (the reference), the rest are ASCII characters and their ## forms.
    expect(tokenizer.pieces).toBeGreaterThan(2418);
    expect(tokenizer.pieces).toBeLessThan(2418 + 2 * 94);
    expect(cut.kept.length).toBe(tokenizer.pieces);
  });

  it("numbers the pieces from 0 without gaps, [PAD] first", () => {
    const ids = Object.values(cut.tokenizer.model.vocab).sort((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: tokenizer.pieces }, (_, id) => id));
    expect(tokenizer.padId).toBe(0);
  });

  it("lets every reference to an id follow", () => {
    const { vocab } = cut.tokenizer.model;
    for (const token of cut.tokenizer.added_tokens) expect(token.id).toBe(vocab[token.content]);
    for (const [piece, token] of Object.entries(cut.tokenizer.post_processor!.special_tokens!)) {
      expect(token.ids).toEqual([vocab[piece]]);
    }
  });

  it("splits any ASCII word instead of losing it", () => {
    const word = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 30,
    });
    // An added token such as [UNK] may be typed: then the unknown piece is meant.
    fc.assert(
      fc.property(
        word.filter((text) => !text.includes("[UNK]")),
        (text) => {
          expect(tokenizer.encode(text)).not.toContain(tokenizer.unknownId);
        },
      ),
    );
  });

  it("knows nearly all of the texts that it has not seen", () => {
    const ids = readTexts("test").flatMap((text) => tokenizer.encode(text, 128));
    expect(ids.filter((id) => id === tokenizer.unknownId).length / ids.length).toBeLessThan(1e-4);
  });
});

describe("cutVocabulary", () => {
  it("keeps the whole word in which a text is cut: half of it would become unknown", () => {
    // "ünïcödé" is normalised to ASCII; Greek letters are not, so their pieces are kept only where they are used.
    const text = "αβγδεζη";
    const pieces = full.encode(text).length - 2;
    expect(pieces).toBeGreaterThan(2);
    const { tokenizer: json, kept } = cutVocabulary(original, [text], 3);
    expect(
      makeTokenizer(json)
        .encode(text, 3)
        .map((id) => kept[id]),
    ).toEqual(full.encode(text, 3));
  });

  it("keeps no piece beyond the longest input", () => {
    const { tokenizer: json } = cutVocabulary(original, ["money card transfer"], 3);
    expect(json.model.vocab).toHaveProperty("money");
    expect(json.model.vocab).not.toHaveProperty("transfer");
  });

  it("answers what the native tokenizers package would: cut at the longest input, no padding", () => {
    expect(cut.tokenizer.truncation).toMatchObject({ max_length: 128 });
    expect(cut.tokenizer.padding).toBeNull();
  });
});

describe("makeTokenizer", () => {
  it("keeps [SEP] when it cuts", () => {
    const ids = tokenizer.encode("my card was swallowed by the machine", 4);
    expect(ids).toHaveLength(4);
    expect(ids[0]).toBe(cut.tokenizer.model.vocab["[CLS]"]);
    expect(ids[3]).toBe(cut.tokenizer.model.vocab["[SEP]"]);
  });

  it("gives a text without pieces its two marks", () => {
    expect(tokenizer.encode("")).toHaveLength(2);
  });

  it("refuses a tokenizer that is not WordPiece", () => {
    const bpe = { ...original, model: { ...original.model, type: "BPE" } };
    expect(() => checkTokenizerJson(bpe, "tokenizer.json")).toThrow(/WordPiece.*got BPE/);
  });
});
