import { textId } from "../../src/texts/ids.ts";
import type { TextRow } from "../../src/types.ts";

export function row(text: string, label: string | null): TextRow {
  return { id: textId(text), text, label };
}

/** `texts` rows of a class, named after it. */
export function rowsOf(label: string, texts: number): TextRow[] {
  return Array.from({ length: texts }, (_, at) => row(`${label} ${at}`, label));
}
