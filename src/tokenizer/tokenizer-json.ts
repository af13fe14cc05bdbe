import { LimbeckError } from "../errors.ts";
import { readJson } from "../platform/files.ts";

/** The parts of a WordPiece `tokenizer.json` (Hugging Face tokenizers) that refer to ids; the rest passes through. */
export interface TokenizerJson {
  truncation?: unknown;
  padding?: unknown;
  added_tokens: { id: number; content: string; special: boolean; [key: string]: unknown }[];
  normalizer: unknown;
  pre_tokenizer: unknown;
  post_processor: PostProcessor | null;
  decoder: unknown;
  model: {
    type: string;
    unk_token: string;
    continuing_subword_prefix: string;
    max_input_chars_per_word?: number;
    vocab: Record<string, number>;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** `TemplateProcessing` names its tokens under `special_tokens`, `BertProcessing` and `RobertaProcessing` in pairs. */
export interface PostProcessor {
  type: string;
  special_tokens?: Record<string, { id: string; ids: number[]; tokens: string[] }>;
  cls?: [string, number];
  sep?: [string, number];
  processors?: PostProcessor[];
  [key: string]: unknown;
}

/**
 * Reads a `tokenizer.json` and checks that it is WordPiece.
 *
 * @throws LimbeckError `E_TEACHER` where the file is missing or of another kind.
 */
export async function readTokenizerJson(path: string): Promise<TokenizerJson> {
  const json = await readJson<Partial<TokenizerJson>>(path);
  if (json === null) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected a tokenizer in ${path}, got no such file. Restore the model's folder.`,
    );
  }
  return checkTokenizerJson(json, path);
}

/** @throws LimbeckError `E_TEACHER` where the tokenizer is not WordPiece with [CLS], [SEP], [PAD] and an unknown piece. */
export function checkTokenizerJson(json: Partial<TokenizerJson>, name: string): TokenizerJson {
  const model = json.model;
  if (
    model?.type !== "WordPiece" ||
    typeof model.vocab !== "object" ||
    !Array.isArray(json.added_tokens)
  ) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected a WordPiece tokenizer (BERT, MiniLM, DistilBERT) in ${name}, got ${model?.type ?? "no model"}. ` +
        "Choose a teacher with a WordPiece tokenizer.",
    );
  }
  for (const piece of ["[PAD]", "[CLS]", "[SEP]", model.unk_token]) {
    if (model.vocab[piece] === undefined) {
      throw new LimbeckError(
        "E_TEACHER",
        `Expected the piece ${piece} in ${name}, got a vocabulary without it. Choose another teacher.`,
      );
    }
  }
  return json as TokenizerJson;
}
