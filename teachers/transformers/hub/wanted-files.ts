import { MODEL_FILES, type ModelDtype } from "../dtypes.ts";

/** Picks the files to have from those that a model has; a sentence (*Expected X, got Y. Fix.*) where one is lacking. */
export type ChooseFiles = (present: readonly string[]) => readonly string[] | { lack: string };

const REQUIRED = ["config.json", "tokenizer.json", "tokenizer_config.json"];
/** Small files that say how the model is used. */
const OPTIONAL = ["special_tokens_map.json", "modules.json", "1_Pooling/config.json"];
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;

function list(files: readonly string[]): string {
  const shown = files.slice(0, 12).join(", ") + (files.length > 12 ? ", …" : "");
  return files.length === 0 ? "none" : shown;
}

function chooseSmall(present: readonly string[]): readonly string[] | { lack: string } {
  const lacking = REQUIRED.filter((file) => !present.includes(file));
  if (lacking.length > 0) {
    return {
      lack: `Expected ${lacking.join(" and ")}, got ${list(present.filter((file) => /^[^/]*\.json$/.test(file)))}. Choose a model with a tokenizer.json of its own.`,
    };
  }
  return [...REQUIRED, ...OPTIONAL.filter((file) => present.includes(file))];
}

function lackOfOnnx(model: string, present: readonly string[]): { lack: string } {
  const found = present.filter((file) => file.endsWith(".onnx"));
  const dtypes = Object.entries(MODEL_FILES).filter(([, file]) => found.includes(`onnx/${file}`));
  const advice =
    dtypes.length > 0
      ? `Set dtype to one that is there: ${dtypes.map(([dtype]) => dtype).join(", ")}.`
      : "Choose a model in transformers.js layout, with its ONNX files in onnx/.";
  return { lack: `Expected ${model}, got the ONNX files ${list(found)}. ${advice}` };
}

/** The tokenizer, the configuration and the ONNX file of a dtype, with the data files beside it. */
export function onnxFiles(dtype: ModelDtype): ChooseFiles {
  const model = `onnx/${MODEL_FILES[dtype]}`;
  return (present) => {
    const small = chooseSmall(present);
    if ("lack" in small) return small;
    if (!present.includes(model)) return lackOfOnnx(model, present);
    return [...small, model, ...present.filter((file) => file.startsWith(`${model}_data`))];
  };
}

/** The tokenizer, the configuration and the weights as safetensors, in one file or in shards with their index. */
export function safetensorsFiles(): ChooseFiles {
  return (present) => {
    const small = chooseSmall(present);
    if ("lack" in small) return small;
    if (present.includes("model.safetensors")) return [...small, "model.safetensors"];
    const index = "model.safetensors.index.json";
    const shards = present.filter((file) => SHARD.test(file));
    if (present.includes(index) && shards.length > 0) return [...small, index, ...shards];
    const weights = present.filter((file) => /\.(safetensors|bin|h5|msgpack|onnx)$/.test(file));
    return {
      lack: `Expected model.safetensors, got the weights ${list(weights)}. Choose a model that has its weights as safetensors.`,
    };
  };
}
