import { LimbeckError } from "../../errors.ts";
import { Collector, type Collected } from "../../texts/collect.ts";
import { resolveSources } from "../../texts/sources.ts";
import type { WantedColumns } from "../../texts/text-file.ts";
import { proposeBudget, type LabelBudget } from "./budget.ts";
import { estimateMinutes } from "./estimate.ts";

/** What was found in a user's own texts. */
export interface Inspection {
  /** As it was given. */
  path: string;
  /** CSV, TSV, JSONL, Parquet, plain text, folder. */
  format: string;
  columns: { text: string; label: string | null; guessed: boolean };
  /** Rows that were read. */
  rows: number;
  /** Different texts that are not empty. */
  texts: number;
  /** Classes, the largest first. */
  classes: { name: string; texts: number }[];
  meanCharacters: number;
  /** Share of the texts that have a label. */
  labelledShare: number;
  /** `many-valued`: nearly every text has a label of its own, as ids and numbers do. */
  labels: "none" | "one-class" | "classes" | "many-valued";
  budget: LabelBudget;
  /** Estimate for the recipe as it is written, on this machine. */
  minutes: number;
}

/** A label that stands for a class comes back; an id does not. */
const LEAST_TEXTS_PER_CLASS = 2;
const EPOCHS = 20;
const SEEDS = 3;

function countClasses({ rows }: Collected): { name: string; texts: number }[] {
  const counts = new Map<string, number>();
  for (const { label } of rows) if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .map(([name, texts]) => ({ name, texts }))
    .sort((a, b) => b.texts - a.texts || (a.name < b.name ? -1 : 1));
}

function kindOfLabels(classes: number, labelled: number): Inspection["labels"] {
  if (classes === 0) return "none";
  if (classes === 1) return "one-class";
  return labelled < classes * LEAST_TEXTS_PER_CLASS ? "many-valued" : "classes";
}

async function collect(
  path: string,
  columns: WantedColumns,
  signal?: AbortSignal,
): Promise<Collected> {
  const sources = await resolveSources({ source: { train: path }, columns }, null, {});
  const collector = new Collector({
    columns,
    maxCharacters: 10_000,
    ...(signal === undefined ? {} : { signal }),
  });
  for (const file of sources.files.train) await collector.addFile(file, "train");
  return collector.collected;
}

/**
 * Looks at a file, a folder or a pattern of texts: format, columns, classes, and what a first recipe for it would be.
 *
 * @param columns - names where they cannot be guessed
 * @throws LimbeckError `E_DATA` where it cannot be read, with file and line.
 */
export async function inspect(
  path: string,
  options: { columns?: WantedColumns; signal?: AbortSignal } = {},
): Promise<Inspection> {
  const collected = await collect(path, options.columns ?? {}, options.signal);
  const { rows, counts, columns, formats } = collected;
  const [first] = columns;
  if (rows.length === 0 || first === undefined) {
    throw new LimbeckError(
      "E_DATA",
      `Expected texts in ${path}, got only empty ones. Name another file or column.`,
    );
  }
  const classes = countClasses(collected);
  const labelled = classes.reduce((sum, { texts }) => sum + texts, 0);
  const labels = kindOfLabels(classes.length, labelled);
  const meanCharacters = rows.reduce((sum, { text }) => sum + text.length, 0) / rows.length;
  const budget = proposeBudget(
    labels === "classes" ? classes.map(({ texts }) => texts) : [],
    rows.length - labelled,
  );
  return {
    path,
    format: formats[0]!,
    columns: { text: first.text, label: first.label, guessed: first.guessed },
    rows: counts.read,
    texts: rows.length,
    classes,
    meanCharacters,
    labelledShare: labelled / rows.length,
    labels,
    budget,
    minutes: estimateMinutes({
      texts: rows.length,
      trained: rows.length * 0.8,
      meanCharacters,
      epochs: EPOCHS,
      seeds: SEEDS,
    }),
  };
}
