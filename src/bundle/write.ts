import { readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { sha256 } from "../platform/digest.ts";
import { explainFileError, syncFolder, writeFileAtomic, writeJson } from "../platform/files.ts";
import type { TokenizerJson } from "../tokenizer/tokenizer-json.ts";
import {
  CARD_FILE,
  CONFIG_FILE,
  MODEL_FILE,
  PARITY_FILE,
  PROVENANCE_FILE,
  RUNTIME_FILES,
  SPECIAL_TOKENS_FILE,
  TOKENIZER_CONFIG_FILE,
  TOKENIZER_FILE,
  type Provenance,
} from "./bundle-files.ts";
import {
  bundledTokenizer,
  modelConfig,
  specialTokens,
  tokenizerConfig,
  type ModelShape,
} from "./model-config.ts";
import type { Parity } from "./parity.ts";

const compress = promisify(gzip);

/** What a bundle weighs. */
export interface BundleBytes {
  /** `onnx/model.onnx`. */
  onnx: number;
  /** All that a runtime loads: model, tokenizer, their configs. */
  files: number;
  /** The same, each file gzip-compressed: what a browser downloads. */
  gzip: number;
}

/** Writes what a runtime loads into a folder, which thereby can be opened, and returns its size. */
export async function writeRuntimeFiles(
  folder: string,
  parts: { model: Uint8Array; tokenizer: TokenizerJson; shape: ModelShape },
): Promise<BundleBytes> {
  const { model, shape } = parts;
  const tokenizer = bundledTokenizer(parts.tokenizer, shape.maxLength);
  await writeJson(join(folder, CONFIG_FILE), modelConfig(shape));
  await writeFileAtomic(join(folder, TOKENIZER_FILE), JSON.stringify(tokenizer));
  await writeJson(join(folder, TOKENIZER_CONFIG_FILE), tokenizerConfig(tokenizer, shape.maxLength));
  await writeJson(join(folder, SPECIAL_TOKENS_FILE), specialTokens(tokenizer));
  await writeFileAtomic(join(folder, MODEL_FILE), model);
  return await measureBytes(folder);
}

/** Size of what a runtime loads from a bundle. */
async function measureBytes(folder: string): Promise<BundleBytes> {
  const bytes = { onnx: 0, files: 0, gzip: 0 };
  for (const file of RUNTIME_FILES) {
    const content = await readFile(join(folder, file));
    bytes.files += content.byteLength;
    bytes.gzip += (await compress(content, { level: 9 })).byteLength;
    if (file === MODEL_FILE) bytes.onnx = content.byteLength;
  }
  return bytes;
}

export interface BundleRecords {
  card: string;
  /** Keys of limbeck.json besides `schema` and `files`. */
  provenance: Record<string, unknown>;
  parity: Parity;
}

/** Completes a draft and moves it into place as a whole: no bundle is ever seen half-written. */
export async function publishBundle(
  draft: string,
  target: string,
  records: BundleRecords,
): Promise<void> {
  const files: Provenance["files"] = {};
  for (const file of RUNTIME_FILES) {
    const content = await readFile(join(draft, file));
    files[file] = { bytes: content.byteLength, sha256: sha256(content) };
  }
  const provenance: Provenance = { schema: "limbeck.bundle/1", ...records.provenance, files };
  await writeFileAtomic(join(draft, CARD_FILE), records.card);
  await writeJson(join(draft, PARITY_FILE), records.parity);
  await writeJson(join(draft, PROVENANCE_FILE), provenance);
  await moveFolder(draft, target);
}

/** Moves a folder to a place in the same file system, over what may be there. */
async function moveFolder(from: string, to: string): Promise<void> {
  try {
    // A folder that is not empty cannot be renamed over: the old one steps aside first.
    const old = `${from}.old`;
    const present = await stat(to).catch(() => null);
    if (present !== null) await rename(to, old);
    await rename(from, to);
    await rm(old, { recursive: true, force: true });
    await syncFolder(dirname(to));
  } catch (thrown) {
    throw explainFileError(thrown, to);
  }
}
