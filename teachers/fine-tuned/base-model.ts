import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { BertSizes } from "../../src/engine/index.ts";
import { digestOf, sha256File } from "../../src/platform/digest.ts";
import { makeFolderError, readJsonIn, requireFolder } from "../transformers/folder-checks.ts";

/** Files of weights by preference: as they were saved, then what runtimes load. */
const WEIGHTS = [
  "model.safetensors",
  "model.safetensors.index.json",
  "onnx/model.onnx",
  "onnx/model_quantized.onnx",
];
const REQUIRED = ["config.json", "tokenizer.json", "tokenizer_config.json"];
const OPTIONAL = ["special_tokens_map.json"];

/** A pretrained BERT in Hugging Face's layout. */
export interface BaseModel {
  path: string;
  /** Path of the weights, or of the index of their shards. */
  weights: string;
  config: BertConfig;
  /** SHA-256 by path in the folder. */
  hashes: Record<string, string>;
}

/** What `config.json` says of the encoder. */
export interface BertConfig extends Omit<BertSizes, "embedding"> {
  /** Rows of the table of word vectors. */
  pieces: number;
  heads: number;
  epsilon: number;
  padId: number;
}

export const modelError = makeFolderError(
  "the model's folder",
  "Give teacher.model the folder of a BERT in Hugging Face layout: config.json, tokenizer.json, tokenizer_config.json and model.safetensors.",
);

async function readObject(folder: string, file: string): Promise<Record<string, unknown>> {
  const value = await readJsonIn(folder, { file, error: modelError });
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw modelError(folder, `an object in ${file}`, JSON.stringify(value));
}

/** Values of other architectures, and of BERTs whose arithmetic is another one. */
const EXPECTED: Readonly<Record<string, readonly unknown[]>> = {
  model_type: ["bert"],
  hidden_act: ["gelu", undefined],
  position_embedding_type: ["absolute", undefined, null],
  is_decoder: [false, undefined],
};

async function readConfig(folder: string): Promise<BertConfig> {
  const config = await readObject(folder, "config.json");
  for (const [key, allowed] of Object.entries(EXPECTED)) {
    if (allowed.includes(config[key])) continue;
    const got = JSON.stringify(config[key] ?? null);
    throw modelError(folder, `${key}: ${JSON.stringify(allowed[0])} in config.json`, got);
  }
  const whole = (key: string, fallback?: number): number => {
    const value = config[key] ?? fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
    const got = value === undefined ? "none" : JSON.stringify(value);
    throw modelError(folder, `a whole number ${key} in config.json`, got);
  };
  const [hidden, heads] = [whole("hidden_size"), whole("num_attention_heads")];
  if (hidden % heads !== 0) {
    throw modelError(folder, `attention heads that divide hidden_size ${hidden}`, String(heads));
  }
  const epsilon = config["layer_norm_eps"];
  const padId = config["pad_token_id"];
  return {
    hidden,
    heads,
    layers: whole("num_hidden_layers"),
    intermediate: whole("intermediate_size"),
    pieces: whole("vocab_size"),
    positions: whole("max_position_embeddings"),
    kinds: whole("type_vocab_size", 2),
    epsilon: typeof epsilon === "number" ? epsilon : 1e-12,
    padId: typeof padId === "number" ? padId : 0,
  };
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ?? false;
}

async function findWeights(folder: string): Promise<string> {
  for (const file of WEIGHTS) if (await isFile(join(folder, file))) return file;
  const torch = await isFile(join(folder, "pytorch_model.bin"));
  const got = torch ? "pytorch_model.bin alone, which is a program: convert it" : "none of them";
  throw modelError(folder, `one of ${WEIGHTS.join(", ")}`, got);
}

/** The shards that an index names. */
async function shardsOf(folder: string, index: string): Promise<string[]> {
  const { weight_map: map } = await readObject(folder, index);
  if (typeof map !== "object" || map === null)
    throw modelError(folder, `a weight_map in ${index}`, "none");
  const files = new Set(Object.values(map as Record<string, string>));
  return [...files].map((file) => basename(file)).sort();
}

/**
 * Finds, reads and hashes what a pretrained BERT consists of.
 *
 * @throws LimbeckError `E_TEACHER` naming the folder and the file or the key of config.json that is missing or wrong.
 */
export async function openBaseModel(path: string): Promise<BaseModel> {
  await requireFolder(path, modelError);
  for (const file of REQUIRED)
    if (!(await isFile(join(path, file)))) throw modelError(path, file, "no such file");
  const config = await readConfig(path);
  const weights = await findWeights(path);
  const shards = weights.endsWith(".index.json") ? await shardsOf(path, weights) : [];
  const hashes: Record<string, string> = {};
  for (const file of [...REQUIRED, ...OPTIONAL, weights, ...shards]) {
    if (await isFile(join(path, file))) hashes[file] = await sha256File(join(path, file));
    else if (!OPTIONAL.includes(file)) throw modelError(path, file, "no such file");
  }
  return { path, weights: join(path, weights), config, hashes };
}

/** SHA-256 over the model's files. */
export async function fingerprintBase(path: string): Promise<string> {
  return digestOf((await openBaseModel(path)).hashes);
}
