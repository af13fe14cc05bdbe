import { join } from "node:path";
import { findKind } from "../../src/labelling/find-kind.ts";
import type {
  IdentifiedText,
  ProgressEvent,
  Teacher,
  TeacherAnswer,
  TeacherContext,
} from "../../src/types.ts";
import { contextOf, streamOf } from "./helpers.ts";

/** A context for teachers whose files lie in `folder`; what they report is kept. */
export function contextIn(
  folder: string,
  changes: Partial<TeacherContext> = {},
): TeacherContext & { events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return {
    ...contextOf({ labelled: [], classes: ["a", "b", "c"], labelsFolder: join(folder, "labels") }),
    resolve: (path) => join(folder, path),
    modelsFolder: join(folder, "models"),
    findKind: (entry) => findKind(entry, folder),
    report: (event) => events.push(event),
    events,
    ...changes,
  };
}

/** What a teacher answers, by id: logits as plain numbers, or the reason. */
export async function answersOf(
  teacher: Teacher,
  texts: readonly IdentifiedText[],
): Promise<Map<string, number[] | string>> {
  const answers = new Map<string, number[] | string>();
  const given: AsyncIterable<TeacherAnswer> = teacher.label(
    streamOf(texts),
    new AbortController().signal,
  );
  for await (const answer of given)
    answers.set(answer.id, "reason" in answer ? answer.reason : [...answer.logits]);
  return answers;
}
