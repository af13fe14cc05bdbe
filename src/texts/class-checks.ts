import { LimbeckError } from "../errors.ts";
import type { Recipe } from "../recipe/schema.ts";
import { suggestion } from "../words/suggest.ts";
import type { TextRow } from "../types.ts";

/** Class names by code point (the order of their UTF-8 bytes). */
export function sortClasses(names: Iterable<string>): string[] {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Distinct labels, sorted. */
export function classesOf(rows: readonly TextRow[]): string[] {
  const names = new Set<string>();
  for (const { label } of rows) if (label !== null) names.add(label);
  return sortClasses(names);
}

/** @throws LimbeckError `E_DATA` for a label that is not among the classes that the recipe names. */
export function checkNamed(labels: readonly string[], named: readonly string[]): void {
  const unknown = labels.filter((label) => !named.includes(label));
  if (unknown.length === 0) return;
  const [first] = unknown as [string];
  const more = unknown.length > 1 ? ` and ${unknown.length - 1} more such labels` : "";
  throw new LimbeckError(
    "E_DATA",
    `Expected labels among the ${named.length} of data.classes, got "${first}"${more}. ` +
      `${suggestion(first, named.slice(0, 20), "They are")} Add it to data.classes, or mend the labels.`,
  );
}

/** @throws LimbeckError `E_DATA` where nothing is left to learn from. */
export function checkPool(pool: readonly TextRow[], before: number): void {
  if (pool.length > 0) return;
  const reason = before === 0 ? "none" : `${before} that are all in validation or test too`;
  throw new LimbeckError(
    "E_DATA",
    `Expected texts to learn from, got ${reason}. Name other files in data.source.`,
  );
}

/** @throws LimbeckError `E_DATA` for one class only. */
export function checkClasses(classes: readonly string[], rows: number): void {
  if (classes.length !== 1) return;
  throw new LimbeckError(
    "E_DATA",
    `Expected at least two classes among the training texts, got one: "${classes[0]!}" (${rows} texts). ` +
      "Add texts of another class, or name another label column in data.columns.label.",
  );
}

/** @throws LimbeckError `E_DATA` for a label that no training text has, with its first line. */
export function checkKnown(
  rows: readonly TextRow[],
  split: "test" | "validation",
  classes: readonly string[],
  places: ReadonlyMap<string, string>,
): void {
  const known = new Set(classes);
  const unknown = classesOf(rows).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const [first] = unknown as [string];
  const texts = rows.filter(({ label }) => label === first).length;
  const place = places.get(first);
  const more = unknown.length > 1 ? ` and ${unknown.length - 1} more such labels` : "";
  throw new LimbeckError(
    "E_DATA",
    `${place === undefined ? "" : `${place}: `}Expected labels of the ${split} texts that training texts have too, ` +
      `got "${first}" (${texts} ${texts === 1 ? "text" : "texts"})${more}. ` +
      `${suggestion(first, classes.slice(0, 20), "Training has")} Add training texts with it, or take its ${split} texts out.`,
  );
}

/** @throws LimbeckError `E_DATA` where labels are to be drawn and there are none. */
export function checkBudget(
  classes: readonly string[],
  labelled: Recipe["data"]["labelled"],
): void {
  if (classes.length > 0 || labelled === "all" || labelled === "none") return;
  const wanted = "perClass" in labelled ? `${labelled.perClass} per class` : `${labelled.count}`;
  throw new LimbeckError(
    "E_DATA",
    `Expected labelled texts to draw from (data.labelled asks for ${wanted}), got none. ` +
      "Name the label column in data.columns.label, or name a labelled file as data.source.train.",
  );
}
