import { LimbeckError } from "../../src/errors.ts";

/** The data's class for each of a model's labels; null drops it. */
export type LabelTable = Readonly<Record<string, string | null>>;

export interface LabelMapping {
  /** Indices of the model's labels that make up each class. */
  columns: readonly (readonly number[])[];
  /** The model's labels that stand for no class. */
  dropped: readonly string[];
}

export interface MapLabelsOptions {
  /** The model's labels in the order of its logits. */
  labels: readonly string[];
  classes: readonly string[];
  table: LabelTable;
  /** Folder of the model, for messages. */
  folder: string;
}

/** Names that are listed in a message. */
const LISTED = 100;

/** Case, spaces, hyphens and underscores do not tell names apart. */
const loosen = (name: string): string =>
  name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s_-]/gu, "");

/** Some names for a message, in quotes where they would run together. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.slice(0, LISTED).map((name) => (/[\s,]/.test(name) ? `"${name}"` : name));
  return shown.join(", ") + (names.length > LISTED ? ` and ${names.length - LISTED} more` : "");
}

function checkTable({ labels, classes, table, folder }: MapLabelsOptions): void {
  const strangers = Object.keys(table).filter((label) => !labels.includes(label));
  if (strangers.length > 0) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected teacher.labels to map labels of the model in ${folder} (${listNames(labels)}), ` +
        `got ${listNames(strangers)}. Write them as its config.json does.`,
    );
  }
  const known = new Set(classes);
  const unknown = Object.values(table).filter((name) => name !== null && !known.has(name));
  if (unknown.length > 0) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected teacher.labels to map to classes of the data (${listNames(classes)}), ` +
        `got ${listNames(unknown as string[])}. Write them as the data does.`,
    );
  }
}

/** The one class that a label names up to case, spaces and underscores; null where there is none or more than one. */
function looseClass(label: string, labels: readonly string[], classes: readonly string[]) {
  const own = loosen(label);
  const alike = classes.filter((name) => loosen(name) === own);
  const rivals = labels.filter((other) => loosen(other) === own);
  return alike.length === 1 && rivals.length === 1 ? alike[0]! : null;
}

function mismatch(
  { labels, classes, folder }: MapLabelsOptions,
  homeless: readonly string[],
  empty: readonly string[],
): LimbeckError {
  const parts = [
    homeless.length > 0 && `no class for the model's ${listNames(homeless)}`,
    empty.length > 0 && `no label for the data's ${listNames(empty)}`,
  ].filter(Boolean);
  const [label, name] = [homeless[0] ?? labels[0]!, empty[0] ?? classes[0]!];
  return new LimbeckError(
    "E_TEACHER",
    `Expected the labels of the model in ${folder} to be the data's classes, got ${parts.join("; ")}. ` +
      `The model's labels: ${listNames(labels)}. The data's classes: ${listNames(classes)}. ` +
      `Map them in the recipe, teacher.labels: { ${JSON.stringify(label)}: ${JSON.stringify(name)} }, where null drops a label; or choose another model.`,
  );
}

/**
 * Finds for each class the labels of the model that stand for it: by the recipe's table, else by their names, exactly
 * or up to case, spaces, hyphens and underscores where that is unambiguous.
 *
 * @throws LimbeckError `E_TEACHER` naming both lists and the difference where a label or a class is left over.
 */
export function mapLabels(options: MapLabelsOptions): LabelMapping {
  const { labels, classes, table } = options;
  checkTable(options);
  const exact = new Set(classes);
  // A class that a label has by its very name, or by the table, is not looked for loosely.
  const byName = labels.map((label): string | null | undefined => {
    if (Object.hasOwn(table, label)) return table[label];
    return exact.has(label) ? label : undefined;
  });
  const open = labels.filter((_, index) => byName[index] === undefined);
  const free = classes.filter((name) => !byName.includes(name));
  const found = labels.map((label, index) => {
    const named = byName[index];
    return named === undefined ? (looseClass(label, open, free) ?? undefined) : named;
  });
  const homeless = labels.filter((_, index) => found[index] === undefined);
  const empty = classes.filter((name) => !found.includes(name));
  if (homeless.length > 0 || empty.length > 0) throw mismatch(options, homeless, empty);
  return {
    columns: classes.map((name) => [...found.keys()].filter((index) => found[index] === name)),
    dropped: labels.filter((_, index) => found[index] === null),
  };
}
