import { LimbeckError } from "../../src/errors.ts";
import { truncateText } from "../../src/texts/collect.ts";
import { textId } from "../../src/texts/ids.ts";
import type { Table } from "../../src/texts/table.ts";
import { AnswerIndex } from "./answer-index.ts";
import { isId } from "./layout.ts";
import { show } from "./numbers.ts";
import type { Layout } from "./options.ts";
import { valuesReader } from "./read-values.ts";

export interface ReadAnswersOptions {
  table: Table;
  layout: Layout;
  classes: readonly string[];
  /** A longer text is known by its beginning, as in the data. */
  maxCharacters: number;
  signal: AbortSignal;
}

/** Rows between two looks at the signal. */
const ROWS_PER_LOOK = 4096;

function idOf(value: unknown, { key }: Layout, place: string, maxCharacters: number): string {
  if (key.by === "id" && isId(value)) {
    return typeof value === "string"
      ? value.toLowerCase()
      : Buffer.from(value as Uint8Array).toString("hex");
  }
  if (key.by === "text" && typeof value === "string")
    return textId(truncateText(value, maxCharacters));
  const what = key.by === "id" ? "an id of 32 hexadecimal digits" : "a text";
  throw new LimbeckError(
    "E_DATA",
    `${place}: Expected ${what} in "${key.column}", got ${show(value)}. Mend the row, or name another column in teacher.${key.by}.`,
  );
}

/**
 * Reads a file of answers whole, a piece at a time. Rows that say the same of the same text count once.
 *
 * @throws LimbeckError `E_DATA` naming file and line for a wrong number, a sum of probabilities that is not 1, or a text
 *   that comes again with other answers.
 */
export async function readAnswers({
  table,
  layout,
  classes,
  maxCharacters,
  signal,
}: ReadAnswersOptions): Promise<{ index: AnswerIndex; duplicates: number }> {
  const { columns, width, read } = valuesReader(layout, classes);
  const index = new AnswerIndex(width);
  const row = new Float32Array(width);
  let [duplicates, rows] = [0, 0];
  for await (const { values, line } of table.rows([...columns, layout.key.column])) {
    const place = `${table.file}:${line}`;
    const id = idOf(values[columns.length], layout, place, maxCharacters);
    read(values, place, row);
    const known = index.add(id, row, line);
    if (known?.same === false) throw contradiction(place, known.line, layout);
    if (known !== null) duplicates += 1;
    rows += 1;
    if (rows % ROWS_PER_LOOK === 0) signal.throwIfAborted();
  }
  return { index, duplicates };
}

function contradiction(place: string, line: number, { key }: Layout): LimbeckError {
  return new LimbeckError(
    "E_DATA",
    `${place}: Expected one answer for each text, got another one than on line ${line} for the same ${key.by}. Keep one of the two rows.`,
  );
}
