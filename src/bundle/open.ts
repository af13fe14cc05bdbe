import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { LimbeckError, messageOf } from "../errors.ts";
import { makeTokenizer, type Tokenizer } from "../tokenizer/tokenizer.ts";
import type { TokenizerJson } from "../tokenizer/tokenizer-json.ts";
import {
  ATTENTION_MASK,
  CONFIG_FILE,
  INPUT_IDS,
  LOGITS,
  MODEL_FILE,
  PROVENANCE_FILE,
  TOKENIZER_FILE,
  type BundleConfig,
  type Provenance,
} from "./bundle-files.ts";
import { makeClassifier, type Bundle } from "./classifier.ts";

export type { Bundle, Classification } from "./classifier.ts";

export interface OpenOptions {
  /** Threads inside one operator. Default 1. */
  threads?: number;
}

const CURE = "Export again, npx limbeck run RECIPE --from export, or copy the whole folder anew.";

/**
 * Opens a bundle on bare ONNX Runtime: nothing of the training is loaded, so it starts fast.
 *
 * @param folder - with `config.json`, `tokenizer.json` and `onnx/model.onnx`
 * @throws LimbeckError `E_BUNDLE` naming the file that is missing, cut short, or of another bundle.
 */
export async function openBundle(folder: string, options: OpenOptions = {}): Promise<Bundle> {
  await requireFolder(folder);
  const config = await readBundleJson<BundleConfig>(folder, CONFIG_FILE);
  const labels = readLabels(folder, config);
  const { tokenizer, maxLength } = await openTokenizer(folder, config);
  const session = await openSession(folder, options.threads ?? 1);
  return makeClassifier({ folder, labels, tokenizer, maxLength, session });
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() === true) return;
  throw new LimbeckError(
    "E_BUNDLE",
    `Expected a bundle in ${folder}, got ${found === null ? "no such folder" : "a file"}. ` +
      "Name the folder that export wrote, such as runs/quickstart/export/bilstm.",
  );
}

function broken(
  folder: string,
  file: string,
  expected: string,
  got: string,
  cause?: unknown,
): LimbeckError {
  return new LimbeckError(
    "E_BUNDLE",
    `Expected ${expected} in ${join(folder, file)}, got ${got}. ${CURE}`,
    {
      cause,
    },
  );
}

async function readBundleFile(folder: string, file: string): Promise<Buffer> {
  return await readFile(join(folder, file)).catch((thrown: unknown) => {
    const missing = (thrown as NodeJS.ErrnoException).code === "ENOENT";
    throw broken(
      folder,
      file,
      "a file of the bundle",
      missing ? "no such file" : messageOf(thrown),
      thrown,
    );
  });
}

async function readBundleJson<Value>(folder: string, file: string): Promise<Value> {
  const content = (await readBundleFile(folder, file)).toString("utf8");
  try {
    return JSON.parse(content) as Value;
  } catch (thrown) {
    throw broken(
      folder,
      file,
      "JSON",
      `a file that is cut short or damaged (${messageOf(thrown)})`,
      thrown,
    );
  }
}

function readLabels(folder: string, config: BundleConfig): string[] {
  const names = (config as BundleConfig | null)?.id2label;
  const labels = Object.keys(names ?? {}).map((_, id) => names?.[String(id)]);
  if (labels.length === 0 || labels.some((label) => typeof label !== "string")) {
    throw broken(
      folder,
      CONFIG_FILE,
      "id2label with the classes 0, 1, …",
      "another kind of config",
    );
  }
  return labels as string[];
}

async function openTokenizer(
  folder: string,
  config: BundleConfig,
): Promise<{ tokenizer: Tokenizer; maxLength: number }> {
  const json = await readBundleJson<TokenizerJson>(folder, TOKENIZER_FILE);
  let tokenizer: Tokenizer;
  try {
    tokenizer = makeTokenizer(json);
  } catch (thrown) {
    throw broken(folder, TOKENIZER_FILE, "a WordPiece tokenizer", messageOf(thrown), thrown);
  }
  if (config.vocab_size !== undefined && tokenizer.pieces !== config.vocab_size) {
    const expected = `${config.vocab_size} pieces, as ${CONFIG_FILE} says,`;
    throw broken(
      folder,
      TOKENIZER_FILE,
      expected,
      `${tokenizer.pieces}: a tokenizer of another bundle`,
    );
  }
  const truncation = json.truncation as { max_length?: number } | null | undefined;
  return { tokenizer, maxLength: truncation?.max_length ?? 128 };
}

/** Sessions do not spin while they wait: whoever runs a bundle has other work too. */
async function openSession(folder: string, threads: number): Promise<InferenceSession> {
  const bytes = await readBundleFile(folder, MODEL_FILE);
  await checkSize(folder, bytes.byteLength);
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(bytes, {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: "0" }, set_denormal_as_zero: "1" } },
    });
  } catch (thrown) {
    throw broken(
      folder,
      MODEL_FILE,
      "an ONNX model",
      `a damaged file (${messageOf(thrown)})`,
      thrown,
    );
  }
  const { inputNames, outputNames } = session;
  const fits =
    inputNames.length === 2 &&
    [INPUT_IDS, ATTENTION_MASK].every((name) => inputNames.includes(name)) &&
    outputNames.includes(LOGITS);
  if (fits) return session;
  await session.release();
  const expected = `a model from ${INPUT_IDS} and ${ATTENTION_MASK} to ${LOGITS}`;
  throw broken(
    folder,
    MODEL_FILE,
    expected,
    `one from ${inputNames.join(", ")} to ${outputNames.join(", ")}`,
  );
}

/** A model that was cut short may still parse; its size tells. A bundle without limbeck.json is taken as it is. */
async function checkSize(folder: string, bytes: number): Promise<void> {
  const provenance = await readFile(join(folder, PROVENANCE_FILE), "utf8")
    .then((content) => JSON.parse(content) as Partial<Provenance>)
    .catch(() => null);
  const expected = provenance?.files?.[MODEL_FILE]?.bytes;
  if (expected === undefined || expected === bytes) return;
  throw broken(
    folder,
    MODEL_FILE,
    `${expected} bytes, as ${PROVENANCE_FILE} says,`,
    bytes < expected ? `${bytes}: the file is cut short` : `${bytes}: a file of another bundle`,
  );
}
