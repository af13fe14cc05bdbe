import { join } from "node:path";
import { encodeSafetensors } from "../engine/safetensors.ts";
import type { NamedArray } from "../engine/types.ts";
import { LimbeckError } from "../errors.ts";
import { startEmbeddings } from "../math/pca.ts";
import { sha256 } from "../platform/digest.ts";
import { writeFileAtomic } from "../platform/files.ts";
import { cutVocabulary } from "../tokenizer/cut-vocabulary.ts";
import { makeTokenizer, type Tokenizer } from "../tokenizer/tokenizer.ts";
import { readTokenizerJson } from "../tokenizer/tokenizer-json.ts";
import type { TeacherLexicon } from "../types.ts";
import { startTensor } from "./build-student.ts";

/** The vocabulary that all variants of a run share. */
export interface Vocabulary {
  tokenizer: Tokenizer;
  /** Pieces of the teacher's vocabulary. */
  fullPieces: number;
  /** SHA-256 over tokenizer and start embeddings. */
  digest: string;
}

export interface VocabularyOptions {
  /** `train/vocabulary`. */
  folder: string;
  lexicon: TeacherLexicon;
  /** Transfer set and labelled texts. */
  texts: Iterable<string>;
  maxLength: number;
  /** Widths at which some student starts from the teacher's vectors. */
  widths: readonly number[];
}

/**
 * Cuts the teacher's vocabulary to the texts and projects the vectors of the kept pieces to each width (PCA over the
 * kept pieces, padding left out and zero). Leaves `tokenizer.json` and, where a width is asked for,
 * `embeddings.safetensors` with one tensor `teacher.<width>` `[V, width]` each.
 *
 * @throws LimbeckError `E_TEACHER` where the tokenizer cannot be used; `E_RECIPE` where a width exceeds the teacher's.
 */
export async function makeVocabulary(options: VocabularyOptions): Promise<Vocabulary> {
  const { folder, lexicon, texts, maxLength, widths } = options;
  const original = await readTokenizerJson(lexicon.tokenizer);
  const { tokenizer, kept } = cutVocabulary(original, texts, maxLength);
  const json = `${JSON.stringify(tokenizer, null, 1)}\n`;
  await writeFileAtomic(join(folder, "tokenizer.json"), json);
  const digests = [sha256(json)];
  if (widths.length > 0) {
    const embeddings = encodeSafetensors(await projectEmbeddings(lexicon, kept, widths));
    await writeFileAtomic(join(folder, "embeddings.safetensors"), embeddings);
    digests.push(sha256(embeddings));
  }
  return {
    tokenizer: makeTokenizer(tokenizer),
    fullPieces: Object.keys(original.model.vocab).length,
    digest: sha256(digests.join(" ")),
  };
}

async function projectEmbeddings(
  lexicon: TeacherLexicon,
  kept: Int32Array,
  widths: readonly number[],
): Promise<Record<string, NamedArray>> {
  const { size, rows, data } = await lexicon.embeddings();
  // All but the padding piece, which is first and stays zero.
  const pieces = kept.subarray(1);
  const chosen = new Float32Array(pieces.length * size);
  pieces.forEach((old, row) => {
    if (old >= rows) throw tooFewRows(lexicon, old, rows);
    chosen.set(data.subarray(old * size, (old + 1) * size), row * size);
  });
  const tensors: Record<string, NamedArray> = {};
  for (const width of new Set(widths)) {
    if (width > size) throw tooWide(width, size);
    const values = new Float32Array(kept.length * width);
    values.set(startEmbeddings({ rows: pieces.length, size, data: chosen }, width), width);
    tensors[startTensor(width)] = { shape: [kept.length, width], data: values };
  }
  return tensors;
}

function tooFewRows(lexicon: TeacherLexicon, old: number, rows: number): LimbeckError {
  return new LimbeckError(
    "E_TEACHER",
    `Expected a word vector for every piece of ${lexicon.tokenizer}, got ${rows} for piece ${old}. ` +
      "Tokenizer and weights are of different models: restore the model's folder.",
  );
}

function tooWide(width: number, most: number): LimbeckError {
  return new LimbeckError(
    "E_RECIPE",
    `Expected student.embedding.size of at most ${most} with init: teacher, got ${width}. Use a smaller size, or init: random.`,
  );
}

/** Share of the pieces of some texts that are unknown to a tokenizer, [CLS] and [SEP] not counted; 0 for no texts. */
export function unknownShare(
  tokenizer: Tokenizer,
  texts: Iterable<string>,
  maxLength: number,
): number {
  let [pieces, unknown] = [0, 0];
  for (const text of texts) {
    for (const id of tokenizer.encode(text, maxLength).slice(1, -1)) {
      pieces += 1;
      if (id === tokenizer.unknownId) unknown += 1;
    }
  }
  return pieces === 0 ? 0 : unknown / pieces;
}
