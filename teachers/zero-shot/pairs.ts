import type { IdentifiedText } from "../../src/types.ts";
import { CHUNK_TEXTS, cutLongestFirst } from "../transformers/blocks.ts";
import { packRows, type TokenBlock } from "../transformers/pack.ts";
import type { PairEncoder } from "../transformers/pair-encoder.ts";

/** Pairs of some texts with some sentences. */
export interface PairBlock extends TokenBlock {
  /** Where each pair's score goes, `text × sentences + sentence`. */
  cells: Int32Array;
  /** Scores of the texts that this block has pairs of. */
  scores: PairScores;
}

/** Scores of every sentence for some texts: a text is done when all of its are there. */
export class PairScores {
  readonly texts: readonly IdentifiedText[];
  private readonly sentences: number;
  /** Sentences per class. */
  private readonly templates: number;
  private readonly scores: Float64Array;
  private readonly missing: Int32Array;

  constructor(texts: readonly IdentifiedText[], sentences: number, templates: number) {
    this.texts = texts;
    this.sentences = sentences;
    this.templates = templates;
    this.scores = new Float64Array(texts.length * sentences);
    this.missing = new Int32Array(texts.length).fill(sentences);
  }

  /** Keeps a pair's score. @returns whether it was the text's last one. */
  set(cell: number, score: number): boolean {
    const text = Math.floor(cell / this.sentences);
    this.scores[cell] = score;
    this.missing[text]! -= 1;
    return this.missing[text] === 0;
  }

  textOf(cell: number): IdentifiedText {
    return this.texts[Math.floor(cell / this.sentences)]!;
  }

  /** Logits of the text of a cell, `[C]`: for each class the mean over its templates. */
  logitsOf(cell: number): Float32Array {
    const first = Math.floor(cell / this.sentences) * this.sentences;
    return Float32Array.from({ length: this.sentences / this.templates }, (_, label) => {
      const from = first + label * this.templates;
      const own = this.scores.subarray(from, from + this.templates);
      return own.reduce((sum, score) => sum + score, 0) / this.templates;
    });
  }
}

/** Texts that are worked on together: about two chunks of pairs, so that memory stays flat however many classes. */
export const textsPerChunk = (sentences: number): number =>
  Math.max(8, Math.ceil((2 * CHUNK_TEXTS) / sentences));

export interface PairOptions {
  encoder: PairEncoder;
  /** Tokens of each sentence. */
  sentences: readonly Int32Array[];
  /** Sentences per class. */
  templates: number;
}

/**
 * Pairs every text with every sentence, sorts the pairs by length (ties by id, then sentence) and cuts them into blocks,
 * the longest block first.
 */
export function* makePairBlocks(
  texts: readonly IdentifiedText[],
  { encoder, sentences, templates }: PairOptions,
): Generator<PairBlock> {
  const scores = new PairScores(texts, sentences.length, templates);
  const pairs = texts.flatMap(({ id, text }, row) => {
    const tokens = encoder.tokens(text);
    return sentences.map((sentence, index) => ({
      id,
      cell: row * sentences.length + index,
      ...encoder.join(tokens, sentence),
    }));
  });
  pairs.sort((a, b) => a.ids.length - b.ids.length || compare(a.id, b.id) || a.cell - b.cell);
  for (const group of cutLongestFirst(pairs)) {
    // In a fixed plan texts that are known take their places; a block of nothing else says nothing new.
    if (group.every(({ cell }) => scores.textOf(cell).known === true)) continue;
    const cells = Int32Array.from(group, ({ cell }) => cell);
    yield { ...packRows(group), cells, scores };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
