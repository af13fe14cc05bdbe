import { makeTokenizer } from "./tokenizer.ts";
import type { PostProcessor, TokenizerJson } from "./tokenizer-json.ts";

/** A tokenizer whose vocabulary was cut, and where its pieces come from. */
export interface CutVocabulary {
  tokenizer: TokenizerJson;
  /** Old id of each new id, `[V]`; `[PAD]` is first, the others keep their old order. */
  kept: Int32Array;
}

/**
 * Cuts a WordPiece vocabulary to the pieces that some texts use, the special tokens, and the printable ASCII
 * characters (as the normalizer leaves them) with their continuing forms, so that an unseen word of ASCII letters
 * splits instead of vanishing. Only pieces of the original are kept: texts that were counted tokenize as before,
 * since the longest match at each place is still there.
 *
 * @param original - the teacher's tokenizer.json
 * @param texts - read once, one at a time
 * @param maxLength - pieces of a text beyond this many ids ([CLS] and [SEP] included) are not counted
 */
export function cutVocabulary(
  original: TokenizerJson,
  texts: Iterable<string>,
  maxLength: number,
): CutVocabulary {
  const used = new Set<number>(alwaysKept(original));
  const count = pieceCounter(original, maxLength, used);
  for (const text of texts) count(text);
  const padding = original.model.vocab["[PAD]"]!;
  used.delete(padding);
  const kept = Int32Array.from([padding, ...[...used].sort((a, b) => a - b)]);
  return { tokenizer: renumber(original, kept, maxLength), kept };
}

/** Marks the pieces of a text, up to the end of the word in which it is cut: half a word would become unknown. */
function pieceCounter(
  original: TokenizerJson,
  maxLength: number,
  used: Set<number>,
): (text: string) => void {
  const tokenizer = makeTokenizer(original);
  const continuing = new Set(
    Object.entries(original.model.vocab)
      .filter(([piece]) => piece.startsWith(original.model.continuing_subword_prefix))
      .map(([, id]) => id),
  );
  return (text) => {
    const ids = tokenizer.encode(text).slice(1, -1);
    for (const [place, id] of ids.entries()) {
      if (place >= maxLength - 2 && !continuing.has(id)) break;
      used.add(id);
    }
  };
}

function alwaysKept(original: TokenizerJson): number[] {
  const { vocab, unk_token: unknown, continuing_subword_prefix: prefix } = original.model;
  const tokenizer = makeTokenizer(original);
  const ids = [vocab[unknown]!, ...original.added_tokens.map(({ id }) => id)];
  const pieceOf = new Map(Object.entries(vocab).map(([piece, id]) => [id, piece]));
  for (let code = 0x21; code <= 0x7e; code += 1) {
    for (const id of tokenizer.encode(String.fromCharCode(code)).slice(1, -1)) {
      ids.push(id);
      const continued = vocab[`${prefix}${pieceOf.get(id) ?? ""}`];
      if (continued !== undefined) ids.push(continued);
    }
  }
  return ids;
}

/** The same tokenizer over the kept pieces: every reference to an id follows. Cuts texts at `maxLength`, pads none. */
function renumber(original: TokenizerJson, kept: Int32Array, maxLength: number): TokenizerJson {
  const newId = new Map(Array.from(kept, (old, index) => [old, index]));
  const vocab = Object.fromEntries(
    Object.entries(original.model.vocab)
      .flatMap(([piece, old]): [string, number][] =>
        newId.has(old) ? [[piece, newId.get(old)!]] : [],
      )
      .sort(([, a], [, b]) => a - b),
  );
  return {
    ...original,
    truncation: { direction: "Right", max_length: maxLength, strategy: "LongestFirst", stride: 0 },
    padding: null,
    added_tokens: original.added_tokens
      .map((token) => ({ ...token, id: newId.get(token.id)! }))
      .sort((a, b) => a.id - b.id),
    post_processor: original.post_processor && renumberProcessor(original.post_processor, newId),
    model: { ...original.model, vocab },
  };
}

function renumberProcessor(
  processor: PostProcessor,
  newId: ReadonlyMap<number, number>,
): PostProcessor {
  const pair = ([piece, old]: [string, number]): [string, number] => [piece, newId.get(old)!];
  const { special_tokens: tokens, cls, sep, processors } = processor;
  return {
    ...processor,
    ...(tokens && {
      special_tokens: Object.fromEntries(
        Object.entries(tokens).map(([name, token]) => [
          name,
          { ...token, ids: token.ids.map((old) => newId.get(old)!) },
        ]),
      ),
    }),
    ...(cls && { cls: pair(cls) }),
    ...(sep && { sep: pair(sep) }),
    ...(processors && { processors: processors.map((inner) => renumberProcessor(inner, newId)) }),
  };
}
