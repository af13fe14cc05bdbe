import { LimbeckError } from "../errors.ts";
import { textId } from "../texts/ids.ts";
import type { IdentifiedText } from "../types.ts";

/** A line of JSONL that holds a text. */
export interface TextLine {
  /** Counted from 1. */
  line: number;
  text: IdentifiedText;
  /** What stands under `id`, echoed as it is; the text's own id where there is none. */
  name: string | number;
}

/** A line that cannot be labelled, and why. */
export interface BadLine {
  line: number;
  error: LimbeckError;
}

function shorten(line: string): string {
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}

function problemOf(value: unknown): string | null {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return "no JSON object";
  const { text, id } = value as { text?: unknown; id?: unknown };
  if (text === undefined) return `an object without "text"`;
  if (typeof text !== "string") return `a "text" that is no string`;
  if (text.trim() === "") return `an empty "text"`;
  if (id === undefined || typeof id === "string" || typeof id === "number") return null;
  return `an "id" that is neither string nor number`;
}

/** Reads `{"text": "…", "id": …}`; other keys are passed over. */
export function parseTextLine(content: string, line: number): TextLine | BadLine {
  let value: unknown;
  let problem: string | null;
  try {
    value = JSON.parse(content);
    problem = problemOf(value);
  } catch {
    problem = `no JSON`;
  }
  if (problem !== null) {
    const message =
      `standard input:${line}: Expected {"text": "…"} with an optional "id", got ${problem}: ${shorten(content)}. ` +
      "Mend the line, or have such lines reported and passed over: --on-error skip.";
    return { line, error: new LimbeckError("E_DATA", message) };
  }
  const { text, id } = value as { text: string; id?: string | number };
  const identity = textId(text);
  return { line, text: { id: identity, text }, name: id ?? identity };
}
