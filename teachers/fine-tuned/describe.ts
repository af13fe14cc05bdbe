import { digestOf } from "../../src/platform/digest.ts";
import type { LabelledText } from "../../src/types.ts";
import type { BaseModel, BertConfig } from "./base-model.ts";
import type { FitDescription } from "./artefact.ts";
import { peakRate, type FineTunedOptions } from "./options.ts";
import type { LabelledSplit } from "./split-labelled.ts";

/** Raised when the same inputs give other weights. */
const FORMAT = 1;

/** Where the model lies and how it came there changes nothing. */
const ELSEWHERE = { model: undefined, download: undefined };

function digestTexts(texts: readonly LabelledText[]): string {
  return digestOf(texts.map(({ id, label }) => [id, label]));
}

/** Everything that the fine-tuned weights depend on. Where the model lies, and for how many threads, is no part of it. */
export function describeFit(parts: {
  base: BaseModel;
  options: FineTunedOptions;
  split: LabelledSplit;
  classes: readonly string[];
  seed: number;
}): FitDescription {
  const { base, options, split, classes, seed } = parts;
  return {
    kind: "fine-tuned",
    format: FORMAT,
    labels: classes,
    model: base.hashes,
    settings: { ...options, ...ELSEWHERE, learningRate: peakRate(options), seed },
    training: { texts: split.training.length, digest: digestTexts(split.training) },
    heldOut: {
      texts: split.heldOut.length,
      digest: digestTexts(split.heldOut),
      from: split.from,
    },
  };
}

/**
 * `config.json` of a fine-tuned model: that of a BERT with a linear classifier, whose graph takes `input_ids` and
 * `attention_mask` to `logits`.
 */
export function describeConfig(
  { hidden, heads, layers, intermediate, pieces, kinds, epsilon, padId }: BertConfig,
  { classes, options }: { classes: readonly string[]; options: FineTunedOptions },
): Record<string, unknown> {
  return {
    model_type: "bert",
    architectures: ["BertForSequenceClassification"],
    problem_type: "single_label_classification",
    id2label: Object.fromEntries(classes.map((name, id) => [String(id), name])),
    label2id: Object.fromEntries(classes.map((name, id) => [name, id])),
    num_labels: classes.length,
    vocab_size: pieces,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: intermediate,
    hidden_act: "gelu",
    layer_norm_eps: epsilon,
    max_position_embeddings: options.maxLength,
    position_embedding_type: "absolute",
    type_vocab_size: kinds,
    pad_token_id: padId,
    // Mean or first token, and no pooler: Python's BertForSequenceClassification pools otherwise.
    limbeck_pooling: options.pooling,
    "transformers.js_config": { dtype: "fp32" },
  };
}
