import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { checkTokenizerJson, readTokenizerJson, type TokenizerJson } from "./tokenizer-json.ts";

/** What is used of the package, whose own types TypeScript cannot resolve: their imports lack file extensions. */
type PieceEncoder = new (
  tokenizer: object,
  config: object,
) => { encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] } };

/** Turns texts into piece ids. */
export interface Tokenizer {
  /** Number of pieces, V: ids are `0 … V - 1`. */
  readonly pieces: number;
  readonly padId: number;
  readonly unknownId: number;
  /** The tokenizer.json that it was made from. */
  readonly json: TokenizerJson;
  /**
   * `[CLS] pieces… [SEP]`, at most `maxLength` ids: a longer text loses its last pieces, never its `[SEP]`.
   *
   * @param maxLength - at least 2; no limit where not given
   */
  encode(text: string, maxLength?: number): number[];
}

/**
 * Loads a WordPiece tokenizer on @huggingface/tokenizers, whose ids equal those of the native package.
 *
 * @param source - path of a tokenizer.json, or its parsed content
 * @throws LimbeckError `E_TEACHER` where the file is missing or not WordPiece.
 */
export async function loadTokenizer(source: string | TokenizerJson): Promise<Tokenizer> {
  return makeTokenizer(typeof source === "string" ? await readTokenizerJson(source) : source);
}

/** {@link loadTokenizer} for what is already parsed. */
export function makeTokenizer(source: TokenizerJson): Tokenizer {
  const json = checkTokenizerJson(source, "the tokenizer");
  const tokenizer = new (HuggingFaceTokenizer as unknown as PieceEncoder)(json, {});
  const { vocab, unk_token: unknown } = json.model;
  const [start, end] = [vocab["[CLS]"]!, vocab["[SEP]"]!];
  return {
    pieces: new Set([...Object.values(vocab), ...json.added_tokens.map(({ id }) => id)]).size,
    padId: vocab["[PAD]"]!,
    unknownId: vocab[unknown]!,
    json,
    encode(text, maxLength = Infinity) {
      const { ids } = tokenizer.encode(text, { add_special_tokens: false });
      const room = maxLength - 2;
      return [start, ...(ids.length > room ? ids.slice(0, room) : ids), end];
    },
  };
}
