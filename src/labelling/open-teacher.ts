import { availableParallelism } from "node:os";
import { LimbeckError } from "../errors.ts";
import type { Recipe } from "../recipe/schema.ts";
import type {
  IdentifiedText,
  LabelledText,
  Report,
  Teacher,
  TeacherContext,
  TeacherEntry,
  TeacherPlace,
} from "../types.ts";
import { checkClasses } from "./check-classes.ts";
import { isModulePath, moduleNotice } from "./plug-in/module-path.ts";
import { storedTeacher } from "./stored-teacher.ts";

export interface OpenTeacherOptions {
  recipe: Pick<Recipe, "data">;
  place: TeacherPlace;
  labelsFolder: string;
  classes: readonly string[];
  gold: { labelled: readonly LabelledText[]; validation: readonly LabelledText[] };
  signal: AbortSignal;
  report: Report;
  /** See {@link TeacherContext}. */
  corpus?: readonly IdentifiedText[];
  /** See {@link TeacherContext}; where it is missing no teacher may send anything. */
  agree?: TeacherContext["agree"];
  /** See {@link TeacherContext}; default true. */
  cache?: boolean;
  /** See {@link TeacherContext}; default null. */
  fitted?: string | null;
  /** See {@link TeacherContext}; default false: only what is fitted on top asks for them. */
  wantsHeldOut?: boolean;
  /** Worker threads; default as many as there are cores. */
  workers?: number;
}

/**
 * Opens the teacher of a recipe, or a member of it.
 *
 * @throws LimbeckError `E_TEACHER` where its classes are not the data's, or whatever the kind throws.
 */
export async function openTeacher(
  entry: TeacherEntry,
  options: OpenTeacherOptions,
): Promise<Teacher> {
  const { recipe, place, labelsFolder, classes, gold, signal, report } = options;
  requireClasses(classes);
  const { kind, options: own } = await place.findKind(entry);
  if (isModulePath(entry.kind)) {
    const message = `${moduleNotice(place.resolve(entry.kind))}.`;
    report({ kind: "note", stage: "label", message });
  }
  const context: TeacherContext = {
    ...place,
    ...gold,
    classes,
    labelsFolder,
    ...(options.corpus === undefined ? {} : { corpus: options.corpus }),
    ...(options.agree === undefined ? {} : { agree: options.agree }),
    cache: options.cache ?? true,
    fitted: options.fitted ?? null,
    wantsHeldOut: options.wantsHeldOut ?? false,
    openMember: async (member) =>
      storedTeacher(await openTeacher(member, { ...options, fitted: null, wantsHeldOut: true }), {
        labelsFolder,
        report,
        ...(options.corpus && { corpus: options.corpus }),
      }),
    workers: options.workers ?? availableParallelism(),
    seed: recipe.data.seed,
    signal,
    report,
  };
  const teacher = await kind.open(own, context);
  try {
    checkClasses(teacher, classes);
    return teacher;
  } catch (thrown) {
    await teacher.close();
    throw thrown;
  }
}

/** Texts without a label name no classes. */
function requireClasses(classes: readonly string[]): void {
  if (classes.length > 0) return;
  throw new LimbeckError(
    "E_DATA",
    "Expected the names of the classes, got none: no text has a label. " +
      "Name them in the recipe, as in data: { classes: [card_arrival, exchange_rate] }, or name the label column in data.columns.label.",
  );
}
