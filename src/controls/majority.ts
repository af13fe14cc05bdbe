import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { readJson, writeJson } from "../platform/files.ts";

/** Answers every text alike: with the share of each class among the labels. */
export interface MajorityModel {
  readonly classes: number;
  /** Labels of each class, `[C]`. */
  readonly counts: readonly number[];
  /** Numbers that were learned: `C`. */
  readonly parameters: number;
  /**
   * `log((n_c + 1) / (n + C))` for every text, `[N, C]`: one label added to each class (Laplace's rule of succession), so
   * that no class has an infinite NLL. The argmax is the commonest class, the first of equals.
   */
  logits(texts: readonly string[]): Float32Array;
}

/**
 * Counts the classes.
 *
 * @param labels - class indices, `[n]`, from 0 to `classes - 1`
 */
export function trainMajority(labels: ArrayLike<number>, classes: number): MajorityModel {
  const counts = new Array<number>(classes).fill(0);
  for (let item = 0; item < labels.length; item += 1) counts[labels[item]!]! += 1;
  return makeMajorityModel(counts);
}

function makeMajorityModel(counts: readonly number[]): MajorityModel {
  const classes = counts.length;
  const total = counts.reduce((sum, count) => sum + count + 1, 0);
  const row = Float32Array.from(counts, (count) => Math.log((count + 1) / total));
  return {
    classes,
    counts,
    parameters: classes,
    logits(texts) {
      const logits = new Float32Array(texts.length * classes);
      for (let text = 0; text < texts.length; text += 1) logits.set(row, text * classes);
      return logits;
    },
  };
}

const FILE = "majority.json";

/** Writes `majority.json` into a folder. */
export async function saveMajority(folder: string, model: MajorityModel): Promise<void> {
  await writeJson(join(folder, FILE), { schema: "limbeck.majority/1", counts: model.counts });
}

/** Reads what {@link saveMajority} wrote. @throws LimbeckError `E_TRAINING` where the file is missing or another. */
export async function loadMajority(folder: string): Promise<MajorityModel> {
  const path = join(folder, FILE);
  const file = await readJson<{ counts?: number[] }>(path);
  if (!Array.isArray(file?.counts)) {
    throw new LimbeckError(
      "E_TRAINING",
      `Expected counts of the classes in ${path}, got ${file === null ? "no such file" : "another kind of file"}. ` +
        "Train again: npx limbeck run RECIPE --from train.",
    );
  }
  return makeMajorityModel(file.counts);
}
