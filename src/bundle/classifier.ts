import type { InferenceSession } from "onnxruntime-node";
import { Tensor } from "onnxruntime-node";
import { LimbeckError } from "../errors.ts";
import { argmax, softmax } from "../math/softmax.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { planBatches } from "./batches.ts";
import { ATTENTION_MASK, INPUT_IDS, LOGITS } from "./bundle-files.ts";

export interface Classification {
  label: string;
  /** Of the label, 0 to 1. */
  probability: number;
  /** Of every class, `[C]`, in the order of the bundle's labels. */
  probabilities: Float32Array;
}

/** A bundle that is ready to answer. */
export interface Bundle {
  readonly labels: readonly string[];
  /** The likeliest label of each text, in the order of the texts. */
  classify(texts: readonly string[]): Promise<Classification[]>;
  /** Raw scores `[N, C]`, row-major, in the order of the texts. */
  logits(texts: readonly string[]): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface ClassifierParts {
  /** The bundle's folder, for messages. */
  folder: string;
  labels: readonly string[];
  tokenizer: Pick<Tokenizer, "encode" | "padId">;
  maxLength: number;
  session: Pick<InferenceSession, "run" | "release">;
}

/** A classifier of a tokenizer and a session: texts are tokenized, batched by length, run one batch after the other. */
export function makeClassifier(parts: ClassifierParts): Bundle {
  const { labels, tokenizer, maxLength, session } = parts;
  const classes = labels.length;
  const logits = async (texts: readonly string[]): Promise<Float32Array> => {
    const encoded = texts.map((text) => tokenizer.encode(text, maxLength));
    const result = new Float32Array(texts.length * classes);
    for (const batch of planBatches(encoded.map(({ length }) => length))) {
      const rows = await runBatch(
        parts,
        batch.map((index) => encoded[index]!),
      );
      batch.forEach((index, row) => {
        result.set(rows.subarray(row * classes, (row + 1) * classes), index * classes);
      });
    }
    return result;
  };
  return {
    labels,
    logits,
    async classify(texts) {
      const scores = await logits(texts);
      return texts.map((_, row) => {
        const probabilities = softmax(scores.subarray(row * classes, (row + 1) * classes));
        const best = argmax(probabilities);
        return { label: labels[best]!, probability: probabilities[best]!, probabilities };
      });
    },
    close: () => session.release(),
  };
}

/** Logits of one batch, `[B, C]`. */
async function runBatch(
  { folder, labels, session, tokenizer }: ClassifierParts,
  encoded: readonly (readonly number[])[],
): Promise<Float32Array> {
  const length = encoded.reduce((longest, ids) => Math.max(longest, ids.length), 0);
  const shape = [encoded.length, length];
  const tokens = new BigInt64Array(encoded.length * length).fill(BigInt(tokenizer.padId));
  const mask = new BigInt64Array(encoded.length * length);
  encoded.forEach((ids, row) => {
    ids.forEach((id, place) => {
      tokens[row * length + place] = BigInt(id);
    });
    mask.fill(1n, row * length, row * length + ids.length);
  });
  const outputs = await session.run({
    [INPUT_IDS]: new Tensor("int64", tokens, shape),
    [ATTENTION_MASK]: new Tensor("int64", mask, shape),
  });
  const { dims, data } = outputs[LOGITS]!;
  if (!(data instanceof Float32Array) || dims[0] !== encoded.length || dims[1] !== labels.length) {
    throw new LimbeckError(
      "E_BUNDLE",
      `Expected float32 logits of ${labels.length} classes from the model in ${folder}, got shape [${dims.join(", ")}]. ` +
        "The model and config.json are of different bundles: export again, npx limbeck run RECIPE --from export.",
    );
  }
  return data;
}
