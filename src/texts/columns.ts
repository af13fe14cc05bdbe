import { LimbeckError } from "../errors.ts";
import { nearest } from "../words/suggest.ts";
import type { ReaderInput, TextColumns } from "./text-file.ts";

// In the order of preference.
const TEXT_NAMES = [
  "text",
  "texts",
  "sentence",
  "utterance",
  "content",
  "query",
  "message",
  "review",
  "question",
  "comment",
  "document",
  "body",
  "tweet",
  "post",
  "description",
  "headline",
  "title",
  "input",
  "prompt",
  "snippet",
  "feedback",
];
// `label_text` and `label_name` beside a numeric `label` hold the names that a report should show.
const LABEL_NAMES = [
  "labeltext",
  "labelname",
  "label",
  "labels",
  "intent",
  "category",
  "class",
  "classname",
  "target",
  "sentiment",
  "topic",
  "tag",
  "emotion",
  "rating",
  "stars",
];

const simplify = (name: string): string => name.toLowerCase().replaceAll(/[-_\s]/g, "");
const words = (name: string): string[] => name.toLowerCase().split(/[-_\s.]+/);

/** The column whose name is known, or the only one that has a known name among its words (`review_text`). */
function guess(columns: readonly string[], known: readonly string[]): string | null {
  for (const name of known) {
    const same = columns.find((column) => simplify(column) === name);
    if (same !== undefined) return same;
  }
  const alike = columns.filter((column) => words(column).some((word) => known.includes(word)));
  return alike.length === 1 ? alike[0]! : null;
}

const list = (columns: readonly string[]): string =>
  columns.map((column) => `"${column}"`).join(", ");

function missingColumn(
  kind: "text" | "label",
  wanted: string,
  columns: readonly string[],
  file: string,
): LimbeckError {
  const near = nearest(wanted, columns);
  const cure =
    near === null ? `Name one of them in data.columns.${kind}.` : `Did you mean "${near}"?`;
  return new LimbeckError(
    "E_DATA",
    `${file}:1: Expected a column "${wanted}" (data.columns.${kind}), got the columns ${list(columns)}. ${cure}`,
  );
}

function unknownText(columns: readonly string[], file: string): LimbeckError {
  return new LimbeckError(
    "E_DATA",
    `${file}:1: Expected a column of texts (${TEXT_NAMES.slice(0, 8).join(", ")}, …), got the columns ${list(columns)}. ` +
      `Name it in the recipe, as in data: { columns: { text: ${JSON.stringify(columns.at(-1) ?? "text")} } }; ` +
      "where the file has no header, write one as its first line, such as text,label.",
  );
}

/**
 * Chooses the columns of texts and labels: those that the recipe names, else by their names; of two columns, the one
 * beside a known label column is the text.
 *
 * @throws LimbeckError `E_DATA` where a named column is not there (with the nearest) or no column looks like texts.
 */
export function chooseColumns(
  columns: readonly string[],
  input: Pick<ReaderInput, "file" | "columns" | "labels">,
): TextColumns {
  const { text: wantedText, label: wantedLabel } = input.columns;
  if (wantedText !== undefined && !columns.includes(wantedText)) {
    throw missingColumn("text", wantedText, columns, input.file);
  }
  if (wantedLabel !== undefined && input.labels && !columns.includes(wantedLabel)) {
    throw missingColumn("label", wantedLabel, columns, input.file);
  }
  const others = columns.filter((column) => column !== wantedText);
  const label = wantedLabel ?? guess(others, LABEL_NAMES);
  const candidates = columns.filter((column) => column !== label);
  const only = columns.length === 2 && candidates.length === 1 ? candidates[0]! : null;
  const text = wantedText ?? guess(candidates, TEXT_NAMES) ?? only;
  if (text === null) throw unknownText(columns, input.file);
  return {
    text,
    label: input.labels && label !== text ? label : null,
    guessed:
      wantedText === undefined || (wantedLabel === undefined && input.labels && label !== null),
  };
}
