/** Paths inside a bundle, with forward slashes. */
export const MODEL_FILE = "onnx/model.onnx";
export const CONFIG_FILE = "config.json";
export const TOKENIZER_FILE = "tokenizer.json";
export const TOKENIZER_CONFIG_FILE = "tokenizer_config.json";
export const SPECIAL_TOKENS_FILE = "special_tokens_map.json";
export const CARD_FILE = "README.md";
export const PROVENANCE_FILE = "limbeck.json";
export const PARITY_FILE = "parity.json";
export const SPEED_FILE = "speed.json";

/** What a runtime loads: the bundle's size is that of these. */
export const RUNTIME_FILES = [
  CONFIG_FILE,
  TOKENIZER_FILE,
  TOKENIZER_CONFIG_FILE,
  SPECIAL_TOKENS_FILE,
  MODEL_FILE,
] as const;

/** Names of the exported graph's inputs and output: those of BERT's exports. */
export const INPUT_IDS = "input_ids";
export const ATTENTION_MASK = "attention_mask";
export const LOGITS = "logits";

/** `config.json`, the keys that Limbeck reads. */
export interface BundleConfig {
  model_type: string;
  vocab_size?: number;
  id2label: Record<string, string>;
  [key: string]: unknown;
}

/** `limbeck.json`: where a bundle comes from. */
export interface Provenance {
  schema: "limbeck.bundle/1";
  /** Bytes and SHA-256 of each file of the bundle that a runtime loads. */
  files: Record<string, { bytes: number; sha256: string }>;
  [key: string]: unknown;
}
