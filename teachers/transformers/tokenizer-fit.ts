import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Report } from "../../src/types.ts";

/** How well a tokenizer knows the texts. */
export interface TokenizerFit {
  texts: number;
  words: number;
  /** Share of the pieces that stand for what the tokenizer does not know, 0 … 1. */
  unknown: number;
  /** 1 where every word is known as a whole. */
  piecesPerWord: number;
}

/** Turns a text into the ids of its pieces, none around them. */
export type CutText = (text: string) => ArrayLike<number>;

const SAMPLE = 256;
/** Of a text: what follows is of the same language. */
const SAMPLE_CHARACTERS = 400;
/**
 * The shipped English encoder has none unknown in English chat, reviews or text messages, 0.13 of Japanese, 0.67 of
 * Chinese, all of Thai.
 */
const MOST_UNKNOWN = 0.05;
/** It cuts those English words into 1.1 to 1.3 pieces, French ones into 1.7, German 2.1 to 2.4, Finnish 3.3, Russian 4.4. */
const MOST_PIECES = 2;
/** Too few to judge by. */
const LEAST_WORDS = 20;

/** Texts spread evenly over the list. */
function takeSample(texts: readonly { text: string }[]): string[] {
  const step = Math.max(1, texts.length / SAMPLE);
  const count = Math.min(texts.length, SAMPLE);
  return Array.from({ length: count }, (_, at) =>
    texts[Math.floor(at * step)]!.text.slice(0, SAMPLE_CHARACTERS),
  );
}

/**
 * Counts pieces and words of a sample of the texts. Words are what Unicode's segmentation takes for words, so that
 * scripts without spaces are cut as well (Chinese, Japanese, Thai, by ICU's dictionaries).
 *
 * @param unknownId - the piece for what is not known; null where the tokenizer falls back to bytes
 */
export function measureTokenizerFit(
  texts: readonly { text: string }[],
  cut: CutText,
  unknownId: number | null,
): TokenizerFit {
  const segmenter = new Intl.Segmenter("und", { granularity: "word" });
  const sample = takeSample(texts);
  let [words, wordPieces, pieces, unknown] = [0, 0, 0, 0];
  for (const text of sample) {
    const ids = Array.from(cut(text));
    pieces += ids.length;
    unknown += ids.filter((id) => id === unknownId).length;
    for (const { segment, isWordLike } of segmenter.segment(text)) {
      if (isWordLike !== true) continue;
      words += 1;
      wordPieces += cut(segment).length;
    }
  }
  return {
    texts: sample.length,
    words,
    unknown: unknown / Math.max(1, pieces),
    piecesPerWord: wordPieces / Math.max(1, words),
  };
}

/** The id of the piece for what is not known, from tokenizer.json: WordPiece and BPE name it, Unigram numbers it. */
async function readUnknownId(folder: string): Promise<number | null> {
  const { model } = JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8")) as {
    model?: { unk_token?: string | null; unk_id?: number | null; vocab?: Record<string, number> };
  };
  if (typeof model?.unk_id === "number") return model.unk_id;
  const token = model?.unk_token;
  return typeof token === "string" ? (model?.vocab?.[token] ?? null) : null;
}

/** Why a tokenizer does not fit, or null where it does. */
export function findMisfit({ words, unknown, piecesPerWord }: TokenizerFit): string | null {
  if (words < LEAST_WORDS) return null;
  if (unknown > MOST_UNKNOWN)
    return `it does not know ${(100 * unknown).toFixed(0)} % of the pieces of the texts`;
  if (piecesPerWord > MOST_PIECES)
    return `it cuts the texts' words into ${piecesPerWord.toFixed(1)} pieces each`;
  return null;
}

export interface TokenizerFitOptions {
  /** The model's folder. */
  folder: string;
  /** As the recipe names it. */
  model: string;
  texts: readonly { text: string }[];
  report: Report;
}

/**
 * Warns where a model's tokenizer does not fit the texts, as of another language: the model then sees little of what
 * they say. A sample of 256 texts is looked at.
 */
export async function checkTokenizerFit(options: TokenizerFitOptions): Promise<void> {
  const { folder, model, texts, report } = options;
  if (texts.length === 0) return;
  // Imported here: a stage that is skipped should not pay half a second for it.
  const { loadTokenizer } = await import("./load-tokenizer.ts");
  const tokenizer = await loadTokenizer(folder);
  const cut = (text: string) => tokenizer.encode(text, { add_special_tokens: false });
  const misfit = findMisfit(measureTokenizerFit(texts, cut, await readUnknownId(folder)));
  if (misfit === null) return;
  const message =
    `The tokenizer of ${model} does not fit the texts: ${misfit}. Its answers may be poor. ` +
    "Give the teacher a model of their language, or a multilingual one: model: org/name, downloaded with --download.";
  report({ kind: "warning", stage: "label", message });
}
