import { availableParallelism } from "node:os";
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
  const { kind, options: own } = await place.findKind(entry);
  const context: TeacherContext = {
    ...place,
    ...gold,
    classes,
    labelsFolder,
    ...(options.corpus === undefined ? {} : { corpus: options.corpus }),
    ...(options.agree === undefined ? {} : { agree: options.agree }),
    cache: options.cache ?? true,
    fitted: options.fitted ?? null,
    openMember: async (member) =>
      storedTeacher(await openTeacher(member, { ...options, fitted: null }), {
        labelsFolder,
        report,
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
