import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeSafetensors, encodeSafetensors } from "../../src/engine/safetensors.ts";
import type { StateDict } from "../../src/engine/types.ts";
import { LimbeckError } from "../../src/errors.ts";
import { sha256, sha256File } from "../../src/platform/digest.ts";
import { readJson, writeFileAtomic, writeJson } from "../../src/platform/files.ts";
import type { HeldOutLabels } from "../../src/types.ts";
import type { BaseModel } from "./base-model.ts";

/** What a fit's weights depend on; its digest names the folder. */
export type FitDescription = Readonly<Record<string, unknown>>;

/** How a fit went. */
export interface FitFacts extends Record<string, unknown> {
  summary: string;
}

/** `manifest.json`, written last: its presence means that the model is complete. */
interface FitManifest {
  schema: "limbeck.fine-tuned/1";
  /** SHA-256 of the description. */
  digest: string;
  description: FitDescription;
  /** SHA-256 of each file of the model by path. */
  files: Record<string, string>;
  parameters: number;
  /** Ids of the held-out labelled texts, in the order of the rows of held-out.safetensors; null where there are none. */
  heldOut: string[] | null;
  facts: FitFacts;
}

/** A fine-tuned model on disk, as transformers.js and Hugging Face's tools load it. */
export interface Artefact {
  folder: string;
  files: Record<string, string>;
  parameters: number;
  /** Of the ONNX file. */
  bytes: number;
  heldOut: HeldOutLabels | null;
  facts: FitFacts;
}

/** What a runtime loads, and the weights as they can be trained on. */
export interface ModelParts {
  base: BaseModel;
  config: Record<string, unknown>;
  weights: StateDict;
  /** ONNX. */
  model: Uint8Array;
  heldOut: HeldOutLabels | null;
}

const MANIFEST = "manifest.json";
export const HELD_OUT = "held-out.safetensors";
const WEIGHTS = "model.safetensors";
const MODEL = "onnx/model.onnx";
const TOKENIZER = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];

/** Where the model of a fit lies, finished or not. */
export function artefactFolder(modelsFolder: string, digest: string): string {
  return join(modelsFolder, "fine-tuned", digest);
}

/**
 * Writes a model's files; only {@link writeManifest} makes it a finished one.
 *
 * @returns SHA-256 by path
 * @throws LimbeckError `E_DISK`.
 */
export async function writeModel(
  folder: string,
  { base, weights, model, heldOut, config }: ModelParts,
): Promise<Record<string, string>> {
  const contents: [string, Uint8Array | string][] = [
    [WEIGHTS, encodeSafetensors(weights)],
    [MODEL, model],
    ["config.json", `${JSON.stringify(config, null, 2)}\n`],
  ];
  for (const file of TOKENIZER)
    if (file in base.hashes) contents.push([file, await readFile(join(base.path, file))]);
  if (heldOut) contents.push([HELD_OUT, encodeHeldOut(heldOut)]);
  const files: Record<string, string> = {};
  for (const [file, content] of contents) {
    await writeFileAtomic(join(folder, file), content);
    files[file] = sha256(content);
  }
  return files;
}

/** Says that a model is complete, and all about it. */
export async function writeManifest(
  folder: string,
  manifest: Omit<FitManifest, "schema">,
): Promise<void> {
  await writeJson(join(folder, MANIFEST), { schema: "limbeck.fine-tuned/1", ...manifest });
}

function encodeHeldOut({ ids, logits }: HeldOutLabels): Uint8Array {
  return encodeSafetensors({
    logits: { shape: [ids.length, logits.length / ids.length], data: logits },
  });
}

/**
 * A finished model, or null where there is none.
 *
 * @throws LimbeckError `E_TEACHER` naming a file that was changed since it was written.
 */
export async function readArtefact(folder: string): Promise<Artefact | null> {
  const manifest = await readJson<FitManifest>(join(folder, MANIFEST));
  if (manifest === null) return null;
  for (const [file, hash] of Object.entries(manifest.files)) {
    const found = await sha256File(join(folder, file)).catch(() => null);
    if (found !== hash) {
      throw new LimbeckError(
        "E_TEACHER",
        `Expected ${join(folder, file)} as the fine-tuning left it, got ${found === null ? "no such file" : "another content"}. ` +
          "Move the folder away: the model is fine-tuned anew, from the same texts to the same weights.",
      );
    }
  }
  const { files, parameters, facts, heldOut: ids } = manifest;
  const heldOut = ids && { ids, logits: await readHeldOut(join(folder, HELD_OUT)) };
  const { size: bytes } = await stat(join(folder, MODEL));
  return { folder, files, parameters, bytes, heldOut, facts };
}

/** Says that what lies there is no finished model. */
export async function discardManifest(folder: string): Promise<void> {
  await rm(join(folder, MANIFEST), { force: true });
}

async function readHeldOut(path: string): Promise<Float32Array> {
  return decodeSafetensors(await readFile(path), path).tensors["logits"]!.data;
}
