import type { PostProcessor, TokenizerJson } from "../tokenizer/tokenizer-json.ts";
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

/**
 * `tokenizer.json` as the student was trained with it: `[CLS] pieces… [SEP]`, cut at its length, padded only where that
 * is asked for. Students are always fed so, whatever post-processor their teacher's file brings.
 */
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
    post_processor: singleTextTemplate(json),
  };
}

type SpecialToken = NonNullable<PostProcessor["special_tokens"]>[string];

function singleTextTemplate({ model: { vocab } }: TokenizerJson): PostProcessor {
  const special = (id: string, type = 0) => ({ SpecialToken: { id, type_id: type } });
  const first = [special("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, special("[SEP]")];
  const second = [{ Sequence: { id: "B", type_id: 1 } }, special("[SEP]", 1)];
  const token = (id: string): [string, SpecialToken] => [
    id,
    { id, ids: [vocab[id]!], tokens: [id] },
  ];
  return {
    type: "TemplateProcessing",
    single: first,
    pair: [...first, ...second],
    special_tokens: Object.fromEntries([token("[CLS]"), token("[SEP]")]),
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
