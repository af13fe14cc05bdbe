import { LimbeckError } from "../errors.ts";
import type { IdentifiedText, Teacher } from "../types.ts";
import { parseTextLine, type BadLine, type TextLine } from "./text-lines.ts";

/** What comes out for a line, in the order of the lines. */
export type LineAnswer =
  | { line: number; name: string | number; logits: Float32Array }
  | { line: number; name: string | number | null; error: LimbeckError };

export interface LabelLinesOptions {
  teacher: Pick<Teacher, "label">;
  /** Lines as they come, in lists of any length: each list is labelled as a whole and forgotten before the next is asked for. */
  lines: AsyncIterable<readonly string[]>;
  signal: AbortSignal;
  /** `stop`: the first line that cannot be labelled ends it; `skip`: it is answered with its error. */
  onError: "stop" | "skip";
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that a teacher takes
async function* stream(texts: Iterable<IdentifiedText>): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

/**
 * Labels lines of JSONL in their order. One list of lines is in memory at a time: whoever does not take the answers is
 * not given more.
 *
 * @throws LimbeckError `E_DATA` naming the line, `E_TEACHER` for a text that the teacher has no answer for (`stop`), or
 *   whatever the teacher throws.
 */
export async function* labelLines(options: LabelLinesOptions): AsyncGenerator<LineAnswer[]> {
  const { lines, onError } = options;
  let read = 0;
  for await (const list of lines) {
    const parsed: (TextLine | BadLine)[] = [];
    for (const content of list) {
      read += 1;
      if (content.trim() === "") continue;
      const found = parseTextLine(content, read);
      parsed.push(found);
      if ("error" in found && onError === "stop") break;
    }
    const answers = await labelList(parsed, options);
    const failed = answers.findIndex((answer) => "error" in answer);
    if (onError === "skip" || failed < 0) {
      yield answers;
      continue;
    }
    // What stands before the bad line is answered, so that whoever mends it can go on there.
    if (failed > 0) yield answers.slice(0, failed);
    throw (answers[failed] as { error: LimbeckError }).error;
  }
}

async function labelList(
  parsed: readonly (TextLine | BadLine)[],
  { teacher, signal }: LabelLinesOptions,
): Promise<LineAnswer[]> {
  // Each text once, however often it comes: a teacher may be paid by the answer.
  const texts = new Map<string, IdentifiedText>();
  for (const one of parsed) if ("text" in one) texts.set(one.text.id, one.text);
  const logits = new Map<string, Float32Array>();
  const reasons = new Map<string, string>();
  if (texts.size > 0) {
    for await (const answer of teacher.label(stream(texts.values()), signal)) {
      if ("reason" in answer) reasons.set(answer.id, answer.reason);
      else logits.set(answer.id, answer.logits);
    }
  }
  return parsed.map((one): LineAnswer => {
    if ("error" in one) return { line: one.line, name: null, error: one.error };
    const found = logits.get(one.text.id);
    const { line, name } = one;
    if (found !== undefined) return { line, name, logits: found };
    return { line, name, error: unanswered(line, reasons.get(one.text.id) ?? "no answer") };
  });
}

function unanswered(line: number, reason: string): LimbeckError {
  return new LimbeckError(
    "E_TEACHER",
    `standard input:${line}: Expected the teacher's answer, got none: ${reason}. ` +
      "Ask again, or have such lines reported and passed over: --on-error skip.",
  );
}
