import { LimbeckError } from "../errors.ts";
import type { Recipe } from "../recipe/schema.ts";
import { openTrainedStudent } from "../training/open-student.ts";
import type { TrainedRun } from "../types.ts";
import { LOGITS } from "./bundle-files.ts";
import { openBundle } from "./open.ts";
import { checkParity, type Parity } from "./parity.ts";
import { writeRuntimeFiles, type BundleBytes } from "./write.ts";

export interface DraftOptions {
  run: TrainedRun;
  /** `train/` of the run's folder. */
  trainFolder: string;
  recipe: Recipe;
  /** Width of the student's token vectors. */
  embedding: number;
  classes: readonly string[];
  /** Texts on which the exported file must equal the student, and which split they are. */
  texts: readonly string[];
  split: string;
  /** Where it is written: a folder that nobody reads yet. */
  folder: string;
}

/** A bundle that can be opened and has been held to its student, without the records that go with it. */
export interface Draft {
  run: TrainedRun;
  folder: string;
  bytes: BundleBytes;
  parity: Parity;
  maxLength: number;
}

/**
 * Exports a trained student into a folder and compares the file with it on every text.
 *
 * @throws LimbeckError `E_EXPORT` where they differ by more than the recipe's tolerance; see `checkParity`.
 */
export async function draftBundle(options: DraftOptions): Promise<Draft> {
  const { run, recipe, classes, texts, split, folder } = options;
  const trained = await openTrainedStudent(run, options.trainFolder, recipe);
  try {
    requireSameClasses(run.variant, trained.classes, classes);
    const { tokenizer, maxLength, program } = trained;
    const model = await program.exportOnnx({
      outputs: { logits: LOGITS },
      metadata: { producer: "limbeck", student: run.variant, seed: String(run.seed) },
    });
    const shape = {
      labels: classes,
      pieces: tokenizer.pieces,
      embedding: options.embedding,
      maxLength,
      padId: tokenizer.padId,
      kind: run.kind,
    };
    const bytes = await writeRuntimeFiles(folder, { model, tokenizer: tokenizer.json, shape });
    const exported = await openBundle(folder);
    try {
      const { tolerance } = recipe.export;
      const compared = { name: run.variant, exported, trained, texts, split, tolerance };
      const parity = await checkParity({ ...compared, classes: classes.length });
      return { run, folder, bytes, parity, maxLength };
    } finally {
      await exported.close();
    }
  } finally {
    await trained.close();
  }
}

function requireSameClasses(
  name: string,
  trained: readonly string[],
  data: readonly string[],
): void {
  if (trained.length === data.length && trained.every((label, index) => label === data[index]))
    return;
  throw new LimbeckError(
    "E_EXPORT",
    `Expected ${name} to have been trained on the ${data.length} classes of the data, got ${trained.length} others. ` +
      "Train again: npx limbeck run RECIPE --from train.",
  );
}
