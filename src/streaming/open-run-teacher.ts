import { access } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { openTeacher } from "../labelling/open-teacher.ts";
import { teacherPlace } from "../labelling/place.ts";
import { readGold } from "../labelling/read-texts.ts";
import type { Recipe } from "../recipe/schema.ts";
import { contextOf, digestOfStage, run, type RunOptions } from "../run.ts";
import { label } from "../stages/label.ts";
import { findManifest, readManifest } from "../stages/manifest.ts";
import type { StageContext } from "../stages/stage.ts";
import type { LabelDetails, PrepareDetails, Teacher } from "../types.ts";

/**
 * Opens the teacher of a recipe for texts that stream through: nothing that it is asked is kept. Where the run is
 * labelled, the teacher is the one that labelled it, read from its label store and without a lock, so that any number of
 * processes may do so at once; else the run is prepared and the teacher fitted first.
 *
 * @throws LimbeckError as `run` does; `E_TEACHER` where the label store holds another teacher's parts.
 */
export async function openRunTeacher(
  recipe: Recipe,
  options: RunOptions & { workers?: number },
): Promise<Teacher> {
  const context = contextOf(recipe, options);
  const fitted = await findStore(context);
  if (fitted === null) {
    const message =
      "the run is not labelled: its texts are prepared and the teacher is fitted first. " +
      "limbeck label does so once for all.";
    context.report({ kind: "note", stage: "label", message });
    await run(recipe, { ...options, until: "prepare" });
  }
  const prepare = (await readManifest<PrepareDetails>(context.run, "prepare")).details;
  const teacher = await openTeacher(recipe.teacher, {
    ...context,
    place: teacherPlace(context),
    classes: prepare.classes,
    gold: await readGold(context.run, prepare),
    cache: false,
    fitted: fitted?.folder ?? null,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
  });
  if (fitted === null || teacher.digest === fitted.digest) return teacher;
  await teacher.close();
  throw new LimbeckError(
    "E_TEACHER",
    `Expected the teacher that labelled ${context.run} (${fitted.digest}), got another from ${fitted.folder}: ${teacher.digest}. ` +
      "Its files were changed, or belong to another version. Label the run again: limbeck label RECIPE --from label.",
  );
}

/** The label store of a run that is labelled by the recipe's teacher as it is now, or null. */
async function findStore(
  context: StageContext,
): Promise<{ folder: string; digest: string } | null> {
  const manifest = await findManifest<LabelDetails>(context.run, "label");
  if (manifest === null || (await findManifest(context.run, "prepare")) === null) return null;
  if (manifest.digest !== (await digestOfStage(label, context))) return null;
  const { digest, store } = manifest.details.teacher;
  // Where it was when the run was labelled, or where this machine has it.
  for (const folder of [store, join(context.labelsFolder, digest)]) {
    const found = await access(join(folder, "teacher.json")).then(
      () => true,
      () => false,
    );
    if (found) return { folder, digest };
  }
  return null;
}
