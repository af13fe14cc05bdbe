import { LimbeckError } from "../../errors.ts";
import type { IdentifiedText, Teacher, TeacherAnswer } from "../../types.ts";

const PARTS = ["description", "labels", "capacity", "facts", "files", "label", "close"] as const;

/**
 * Holds what a module's `open` returned against what the pipeline reads of it.
 *
 * @throws LimbeckError `E_TEACHER` naming what is missing.
 */
export function checkTeacher(teacher: Teacher, path: string): Teacher {
  const got = teacher as Partial<Teacher> | null | undefined;
  const missing = PARTS.filter((part) => got?.[part] == null);
  if (missing.length > 0) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected open() of ${path} to give a Teacher, got one without ${missing.join(", ")}. See docs/add-a-teacher.md.`,
    );
  }
  return teacher;
}

function describeWrong(answer: TeacherAnswer, width: number): string | null {
  if ("reason" in answer) return null;
  const { logits } = answer as { logits: unknown };
  if (!(logits instanceof Float32Array))
    return `${Array.isArray(logits) ? "an array" : typeof logits} instead of a Float32Array`;
  if (logits.length !== width) return `${logits.length} of them`;
  const wrong = logits.findIndex((value) => !Number.isFinite(value));
  return wrong < 0 ? null : `${logits[wrong]} for class ${wrong}`;
}

/**
 * Answers as they come, each held against what the label store takes: nothing else is ever stored.
 *
 * @throws LimbeckError `E_TEACHER` naming the text and what is wrong with its answer.
 */
export async function* checkedAnswers(
  teacher: Teacher,
  path: string,
  texts: AsyncIterable<IdentifiedText>,
  signal: AbortSignal,
): AsyncGenerator<TeacherAnswer> {
  for await (const answer of teacher.label(texts, signal)) {
    const wrong = describeWrong(answer, teacher.labels.length);
    if (wrong !== null) {
      throw new LimbeckError(
        "E_TEACHER",
        `Expected ${teacher.labels.length} finite logits from ${path} for the text ${answer.id}, got ${wrong}. Mend its label().`,
      );
    }
    yield answer;
  }
}
