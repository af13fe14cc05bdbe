import type { TokenizerJson } from "../tokenizer/tokenizer-json.ts";
import type { BundleConfig } from "./bundle-files.ts";

export interface ModelShape {
  /** Class names in the order of the logits. */
  labels: readonly string[];
  pieces: number;
  /** Width of the token vectors. */
  embedding: number;
  /** Longest input in pieces. */
  maxLength: number;
  padId: number;
  /** Name in students/. */
  kind: string;
}

/**
 * `config.json`. It calls the model BERT, since runtimes choose by that name what they feed a graph and how they read
 * its logits, and a graph from `input_ids` and `attention_mask` to `logits` is all they know of BERT.
 */
export function modelConfig(shape: ModelShape): BundleConfig {
  const { labels, pieces, embedding, maxLength, padId, kind } = shape;
  return {
    model_type: "bert",
    architectures: ["BertForSequenceClassification"],
    problem_type: "single_label_classification",
    id2label: Object.fromEntries(labels.map((label, id) => [String(id), label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
    num_labels: labels.length,
    vocab_size: pieces,
    hidden_size: embedding,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    intermediate_size: embedding,
    max_position_embeddings: maxLength,
    type_vocab_size: 1,
    pad_token_id: padId,
    limbeck_student: kind,
    // Browsers ask for an int8 file unless told which ones there are.
    "transformers.js_config": { dtype: "fp32" },
  };
}

/** `tokenizer.json` that cuts texts at the student's length and pads only where it is asked to. */
export function bundledTokenizer(json: TokenizerJson, maxLength: number): TokenizerJson {
  return {
    ...json,
    truncation: {
      direction: "Right",
      max_length: maxLength,
      strategy: "LongestFirst",
      stride: 0,
    },
    padding: null,
  };
}

/** `special_tokens_map.json`: those of BERT's special tokens that the vocabulary has. */
export function specialTokens({
  model: { vocab, unk_token },
}: TokenizerJson): Record<string, string> {
  const tokens = {
    unk_token,
    sep_token: "[SEP]",
    pad_token: "[PAD]",
    cls_token: "[CLS]",
    mask_token: "[MASK]",
  };
  return Object.fromEntries(
    Object.entries(tokens).filter(([, piece]) => vocab[piece] !== undefined),
  );
}

/** `tokenizer_config.json`. */
export function tokenizerConfig(json: TokenizerJson, maxLength: number): Record<string, unknown> {
  const normalizer = json.normalizer as {
    lowercase?: boolean;
    strip_accents?: boolean | null;
  } | null;
  return {
    tokenizer_class: "BertTokenizer",
    model_max_length: maxLength,
    model_input_names: ["input_ids", "attention_mask"],
    do_lower_case: normalizer?.lowercase ?? true,
    strip_accents: normalizer?.strip_accents ?? null,
    clean_up_tokenization_spaces: true,
    ...specialTokens(json),
  };
}
