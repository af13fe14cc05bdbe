import { join } from "node:path";
import { findKind } from "../../src/labelling/find-kind.ts";
import type {
  IdentifiedText,
  ProgressEvent,
  Teacher,
  TeacherAnswer,
  TeacherContext,
} from "../../src/types.ts";

/** A context for teachers whose files lie in `folder`; what they report is kept. */
export function contextIn(
  folder: string,
  changes: Partial<TeacherContext> = {},
): TeacherContext & { events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return {
    resolve: (path) => join(folder, path),
    modelsFolder: join(folder, "models"),
    download: false,
    findKind: (entry) => findKind(entry, folder),
    labelled: [],
    validation: [],
    classes: ["a", "b", "c"],
    labelsFolder: join(folder, "labels"),
    cache: true,
    fitted: null,
    openMember: () => Promise.reject(new Error("no members here")),
    workers: 1,
    seed: 0,
    signal: new AbortController().signal,
    report: (event) => events.push(event),
    events,
    ...changes,
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that a teacher takes
async function* stream(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

/** What a teacher answers, by id: logits as plain numbers, or the reason. */
export async function answersOf(
  teacher: Teacher,
  texts: readonly IdentifiedText[],
): Promise<Map<string, number[] | string>> {
  const answers = new Map<string, number[] | string>();
  const given: AsyncIterable<TeacherAnswer> = teacher.label(
    stream(texts),
    new AbortController().signal,
  );
  for await (const answer of given)
    answers.set(answer.id, "reason" in answer ? answer.reason : [...answer.logits]);
  return answers;
}
