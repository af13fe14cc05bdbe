import { readManifest } from "../stages/manifest.ts";
import type { StageContext } from "../stages/stage.ts";
import type { IdentifiedText, LabelledText, PrepareDetails, Teacher } from "../types.ts";
import { openTeacher } from "./open-teacher.ts";
import { teacherPlace } from "./place.ts";
import { readAllTexts, readGold } from "./read-texts.ts";
import { stoppable } from "./stoppable.ts";

export interface RunTeacher {
  teacher: Teacher;
  /** Every text that it is for. */
  texts: IdentifiedText[];
  classes: string[];
  gold: { labelled: LabelledText[]; validation: LabelledText[] };
}

/** Opens the recipe's teacher on what a run has prepared. */
export async function openForRun(context: StageContext): Promise<RunTeacher> {
  const { run, recipe, signal } = context;
  const prepare = (await readManifest<PrepareDetails>(run, "prepare")).details;
  const { classes } = prepare;
  const texts = await readAllTexts(run);
  const gold = await readGold(run, prepare);
  const place = teacherPlace(context);
  const wantsHeldOut = recipe.teacher.calibrate !== "none";
  const teacher = await stoppable(signal, () =>
    openTeacher(recipe.teacher, { ...context, place, classes, gold, corpus: texts, wantsHeldOut }),
  );
  return { teacher, texts, classes, gold };
}
