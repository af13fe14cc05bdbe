import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bertParameters } from "../../../src/engine/index.ts";
import type { StateDict } from "../../../src/engine/index.ts";
import { encodeSafetensors } from "../../../src/engine/safetensors.ts";
import { Random } from "../../../src/math/random.ts";
import { textId } from "../../../src/texts/ids.ts";
import type { LabelledText } from "../../../src/types.ts";
import type { BertConfig } from "../../../teachers/fine-tuned/base-model.ts";
import { TOY_CLASSES, toyTokenizer, WORDS } from "../../training/toy-run.ts";

export const CLASSES = [...TOY_CLASSES].sort();

const tokenizer = toyTokenizer();

export const TINY: BertConfig = {
  hidden: 16,
  heads: 2,
  layers: 2,
  intermediate: 32,
  pieces: Object.keys(tokenizer.model.vocab).length,
  positions: 24,
  kinds: 2,
  epsilon: 1e-12,
  padId: 0,
};

/** Random weights of a tiny BERT; word vectors large enough to be told apart. */
export function tinyWeights(): StateDict {
  const random = new Random("tiny bert");
  const table = { name: "embeddings.word_embeddings.weight", shape: [TINY.pieces, TINY.hidden] };
  const specs = bertParameters({ ...TINY, embedding: TINY.hidden });
  return Object.fromEntries(
    [table, ...specs].map(({ name, shape }) => {
      const size = shape.reduce((product, side) => product * side, 1);
      const center = name.endsWith("LayerNorm.weight") ? 1 : 0;
      const data = Float32Array.from({ length: size }, () => center + 0.2 * random.normal());
      return [name, { shape, data }];
    }),
  );
}

/** `config.json` as Hugging Face writes it. */
export const TINY_CONFIG = {
  model_type: "bert",
  hidden_act: "gelu",
  hidden_size: TINY.hidden,
  num_attention_heads: TINY.heads,
  num_hidden_layers: TINY.layers,
  intermediate_size: TINY.intermediate,
  vocab_size: TINY.pieces,
  max_position_embeddings: TINY.positions,
  type_vocab_size: TINY.kinds,
  layer_norm_eps: TINY.epsilon,
  pad_token_id: TINY.padId,
};

/** Writes a tiny BERT in Hugging Face layout; returns its folder. */
export async function writeTinyBert(
  folder: string,
  { config = {}, weights = tinyWeights() }: { config?: object; weights?: StateDict } = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const files: Record<string, string | Uint8Array> = {
    "config.json": JSON.stringify({ ...TINY_CONFIG, ...config }),
    "tokenizer.json": JSON.stringify(tokenizer),
    "tokenizer_config.json": JSON.stringify({
      tokenizer_class: "BertTokenizer",
      do_lower_case: true,
      unk_token: "[UNK]",
      sep_token: "[SEP]",
      pad_token: "[PAD]",
      cls_token: "[CLS]",
    }),
    "model.safetensors": encodeSafetensors(weights),
  };
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
  return folder;
}

/** Texts whose class is the one class name in them, the classes in turn. */
export function toyTexts(perClass: number, seed = 0): LabelledText[] {
  const random = new Random("tiny texts", seed);
  const others = WORDS.filter((word) => !CLASSES.includes(word));
  return Array.from({ length: perClass * CLASSES.length }, (_, at) => {
    const label = at % CLASSES.length;
    const words = Array.from({ length: 1 + random.integer(4) }, () => {
      return others[random.integer(others.length)]!;
    });
    const text = random.shuffle([CLASSES[label]!, ...words, `${seed}${at}`]).join(" ");
    return { id: textId(text), text, label };
  });
}
