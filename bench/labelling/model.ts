import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeSafetensors } from "../../src/engine/safetensors.ts";
import { readOnnxWeights } from "../../src/engine/weights/onnx-initializers.ts";
import { packageRoot } from "../../src/platform/package-root.ts";

/** The shipped encoder. */
export const MODEL = join(packageRoot(), "teachers", "minilm-l6-v2");

/**
 * Writes the shipped encoder as its fp32 original's users have it: safetensors with Hugging Face's names (dequantized:
 * the same shapes, so the same work), config.json and tokenizer.
 */
export async function writeFloatModel(folder: string, classes: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(MODEL, "onnx", "model_quantized.onnx");
  const weights = readOnnxWeights(await readFile(path), path);
  const named = weights.names().map((name) => [`bert.${name}`, weights.tensor(name)] as const);
  await writeFile(join(folder, "model.safetensors"), encodeSafetensors(Object.fromEntries(named)));
  const config = JSON.parse(await readFile(join(MODEL, "config.json"), "utf8")) as object;
  const labels = Array.from({ length: classes }, (_, index) => [index, `class ${index}`]);
  await writeFile(
    join(folder, "config.json"),
    JSON.stringify({
      ...config,
      architectures: ["BertForSequenceClassification"],
      id2label: Object.fromEntries(labels) as object,
    }),
  );
  for (const file of ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"])
    await copyFile(join(MODEL, file), join(folder, file));
}
