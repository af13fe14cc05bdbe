import type { IdentifiedText, SetAside, Teacher, TeacherAnswer } from "../../src/types.ts";

/** A member that is asked, and its share. */
export interface Member {
  /** `1 encoder-head`: its place among the members, from 1, and its kind. */
  name: string;
  teacher: Teacher;
}

/** Texts that all members are asked about together: their answers lie in memory. */
export const CHUNK_TEXTS = 4096;

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that a teacher takes
async function* stream(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

/** One member's answers by id. */
export async function askMember(
  teacher: Teacher,
  texts: readonly IdentifiedText[],
  signal: AbortSignal,
): Promise<Map<string, TeacherAnswer>> {
  const answers = new Map<string, TeacherAnswer>();
  for await (const answer of teacher.label(stream(texts), signal)) answers.set(answer.id, answer);
  return answers;
}

/**
 * The answers of all members for some texts, `[M]` rows of logits each. A text that a member leaves unanswered is set
 * aside: a mean over fewer members would be another teacher's, and students would learn from two at once.
 */
export async function* askMembers(
  members: readonly Member[],
  texts: readonly IdentifiedText[],
  signal: AbortSignal,
): AsyncGenerator<{ id: string; rows: Float32Array[] } | SetAside> {
  const answers: Map<string, TeacherAnswer>[] = [];
  // One after the other: each already uses every core, or as many calls as it may.
  for (const { teacher } of members) answers.push(await askMember(teacher, texts, signal));
  for (const { id } of texts) {
    const rows: Float32Array[] = [];
    const gaps: string[] = [];
    for (const [place, { name }] of members.entries()) {
      const answer = answers[place]!.get(id);
      if (answer !== undefined && "logits" in answer) rows.push(answer.logits);
      else gaps.push(`left by member ${name}: ${answer?.reason ?? "no answer"}`);
    }
    yield gaps[0] === undefined ? { id, rows } : { id, reason: gaps[0] };
  }
}

/** The stream in lists of at most `CHUNK_TEXTS`. */
export async function* inChunks(
  texts: AsyncIterable<IdentifiedText>,
): AsyncGenerator<IdentifiedText[]> {
  let chunk: IdentifiedText[] = [];
  for await (const text of texts) {
    chunk.push(text);
    if (chunk.length < CHUNK_TEXTS) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
