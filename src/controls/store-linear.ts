import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeSafetensors, encodeSafetensors } from "../engine/safetensors.ts";
import { LimbeckError, messageOf } from "../errors.ts";
import { readJson, writeFileAtomic } from "../platform/files.ts";
import { makeLinearModel, type LinearFacts, type LinearModel } from "./linear-model.ts";
import { Tfidf } from "./tfidf.ts";

const WEIGHTS = "weights.safetensors";
const MODEL = "model.json";

interface ModelFile {
  schema: "limbeck.linear/1";
  classes: number;
  facts: LinearFacts;
  terms: string[];
  /** In JSON, since safetensors of ours hold float32 and TF-IDF is computed in float64. */
  idf: number[];
}

/** Writes `weights.safetensors` and, last, `model.json` into a folder. Returns their bytes. */
export async function saveLinear(folder: string, model: LinearModel): Promise<number> {
  const { classes, facts, tfidf, weights, bias } = model;
  const tensors = encodeSafetensors({
    weights: { shape: [tfidf.terms.length, classes], data: weights },
    bias: { shape: [classes], data: bias },
  });
  const file: ModelFile = {
    schema: "limbeck.linear/1",
    classes,
    facts,
    terms: [...tfidf.terms],
    idf: [...tfidf.idf],
  };
  const json = new TextEncoder().encode(`${JSON.stringify(file)}\n`);
  await writeFileAtomic(join(folder, WEIGHTS), tensors);
  await writeFileAtomic(join(folder, MODEL), json);
  return tensors.byteLength + json.byteLength;
}

/**
 * Reads what {@link saveLinear} wrote.
 *
 * @throws LimbeckError `E_TRAINING` naming the file that is missing, damaged, or does not fit the other.
 */
export async function loadLinear(folder: string): Promise<LinearModel> {
  const file = await readJson<Partial<ModelFile>>(join(folder, MODEL)).catch((thrown: unknown) => {
    throw damaged(folder, messageOf(thrown), thrown);
  });
  if (file?.schema !== "limbeck.linear/1" || !file.terms || !file.idf || !file.facts) {
    throw damaged(folder, `${MODEL} is missing or of another kind`);
  }
  const path = join(folder, WEIGHTS);
  const tensors = await readFile(path)
    .then((bytes) => decodeSafetensors(bytes, path).tensors)
    .catch((thrown: unknown) => {
      throw damaged(folder, messageOf(thrown), thrown);
    });
  const { weights, bias } = tensors;
  if (
    !weights ||
    !bias ||
    weights.data.length !== file.terms.length * bias.data.length ||
    bias.data.length !== file.classes
  ) {
    throw damaged(folder, `${WEIGHTS} and ${MODEL} differ in shape`);
  }
  const tfidf = new Tfidf(file.terms, Float64Array.from(file.idf));
  return makeLinearModel({ tfidf, weights: weights.data, bias: bias.data, facts: file.facts });
}

function damaged(folder: string, what: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    "E_TRAINING",
    `Expected a linear model in ${folder}: ${what}. Train again: npx limbeck run RECIPE --from train.`,
    { cause },
  );
}
