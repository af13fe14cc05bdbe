import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStoreAt } from "../labels/open-store.ts";
import { listFiles } from "../labels/survey.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Report } from "../types.ts";
import type { Agree } from "./consent.ts";
import { openTeacher } from "./open-teacher.ts";
import { teacherPlace } from "./place.ts";
import { readAllTexts, readGold } from "./read-texts.ts";
import type { RecipeRun } from "./recipe-run.ts";
import { relabel, sampleToRelabel, type Relabelled } from "./relabel.ts";

export interface VerifyLabelsOptions {
  recipe: Recipe;
  recipeFolder: string | null;
  run: RecipeRun;
  labelsFolder: string;
  /** The store's own folder. */
  root: string;
  /** Texts to label once more. */
  sample: number;
  agree: Agree;
  /** Whether a teacher whose answers cost anything is asked again. */
  paid: boolean;
  signal: AbortSignal;
  report: Report;
}

/** What came of it, or why no text was labelled. */
export type VerifiedLabels = { result: Relabelled } | { skipped: string };

/** Whether a store keeps files of a fitted teacher, from which it is opened instead of being fitted anew. */
async function keepsTeacher(root: string): Promise<boolean> {
  const files = await listFiles(root);
  return files.some(
    ({ path }) => !/[/\\]|^\.|^teacher\.json$|^part-|^journal|^spent|\.jsonl?$/.test(path),
  );
}

/**
 * Labels a sample of a store's texts once more with the recipe's teacher, afresh: no cached vector is read.
 *
 * @throws LimbeckError `E_STORE` where the recipe's teacher is not the one that labelled.
 */
export async function verifyLabels(options: VerifyLabelsOptions): Promise<VerifiedLabels> {
  const { recipe, recipeFolder, run, labelsFolder, root, agree, signal, report } = options;
  // Vectors are cached by folder: in an empty one there are none to be read.
  const scratch = await mkdtemp(join(tmpdir(), "limbeck-verify-"));
  try {
    const { prepare, folder } = run;
    const teacher = await openTeacher(recipe.teacher, {
      recipe,
      place: teacherPlace({ recipeFolder, labelsFolder, download: false }),
      labelsFolder: scratch,
      classes: prepare.classes,
      gold: await readGold(folder, prepare),
      ...{ signal, report, agree },
      cache: false,
      fitted: (await keepsTeacher(root)) ? root : null,
    });
    try {
      const opened = await openStoreAt(root);
      const texts = sampleToRelabel(opened, await readAllTexts(folder), options.sample);
      if (texts.length === 0)
        return { skipped: "the run has no text that the store has labels of" };
      if (teacher.estimate !== undefined) {
        if (!options.paid)
          return {
            skipped: "its teacher's answers cost something: --yes has a sample asked again",
          };
        await agree(await teacher.estimate(texts));
      }
      return { result: await relabel(teacher, opened, texts, signal) };
    } finally {
      await teacher.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
