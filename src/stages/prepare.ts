import { stat } from "node:fs/promises";
import { datasets } from "../registry.ts";
import { assembleSplits, type AssembledSplits } from "../texts/assemble.ts";
import { Collector, type Collected } from "../texts/collect.ts";
import { hashSources } from "../texts/hash-sources.ts";
import { resolveSources, type Role, type SourceFile, type Sources } from "../texts/sources.ts";
import { writeSplit } from "../texts/splits.ts";
import { budgetInWords, prepareNotes, prepareSummary } from "../texts/wording.ts";
import { SPLITS, type PrepareDetails, type Split, type TextRow } from "../types.ts";
import type { Stage, StageContext } from "./stage.ts";

/** Bytes between two reports of progress; smaller sources are read in a blink. */
const REPORT_EVERY = 4 << 20;

function sourceInWords(source: StageContext["recipe"]["data"]["source"]): string {
  if (typeof source === "string") return source;
  const named = Object.entries(source).filter(([, paths]) => paths !== undefined);
  return named.map(([role, paths]) => `${role}: ${[paths].flat().join(", ")}`).join("; ");
}

async function sizeOf(files: readonly SourceFile[]): Promise<number> {
  let size = 0;
  for (const { path } of files) size += (await stat(path)).size;
  return size;
}

/** Tells how far reading has come, in megabytes. */
function progressOf(context: StageContext, total: number): (bytes: number) => void {
  let done = 0;
  let reported = 0;
  return (bytes) => {
    done = Math.min(total, done + bytes);
    if (done - reported < REPORT_EVERY && done < total) return;
    if (total < REPORT_EVERY) return;
    reported = done;
    const megabytes = (value: number): number => Math.round(value / 1e5) / 10;
    context.report({
      kind: "progress",
      stage: "prepare",
      task: "read",
      done: megabytes(done),
      total: megabytes(total),
      unit: "MB",
    });
  };
}

interface Read {
  pool: Collected;
  validation: Collected | null;
  test: Collected | null;
}

/** Reads every file. Texts of train and unlabeled share one pool: of a text in both, the labelled one stays. */
async function readSources(context: StageContext, sources: Sources): Promise<Read> {
  const onBytes = progressOf(context, await sizeOf(Object.values(sources.files).flat()));
  const { maxCharacters } = context.recipe.data;
  const collect = async (roles: readonly Role[]): Promise<Collected> => {
    const collector = new Collector({
      columns: sources.columns,
      maxCharacters,
      signal: context.signal,
      onBytes,
    });
    for (const role of roles)
      for (const file of sources.files[role]) await collector.addFile(file, role);
    return collector.collected;
  };
  const { validation, test } = sources.files;
  return {
    test: test.length === 0 ? null : await collect(["test"]),
    validation: validation.length === 0 ? null : await collect(["validation"]),
    pool: await collect(["train", "unlabeled"]),
  };
}

function detailsOf(context: StageContext, read: Read, assembled: AssembledSplits): PrepareDetails {
  const { splits, classes, validation, alsoInEvaluation, perClass } = assembled;
  const all = [read.pool, read.validation, read.test].filter((collected) => collected !== null);
  const sum = (key: "read" | "duplicates" | "empty" | "truncated"): number =>
    all.reduce((total, collected) => total + collected.counts[key], 0);
  const counts: PrepareDetails["counts"] = {
    read: sum("read"),
    duplicates: sum("duplicates"),
    alsoInEvaluation,
    empty: sum("empty"),
    truncated: sum("truncated"),
    perClass,
  };
  const rows = Object.fromEntries(SPLITS.map((split) => [split, splits[split].length])) as Record<
    Split,
    number
  >;
  return {
    classes,
    rows,
    validation,
    budget: rows.labelled + (validation === "gold" ? rows.validation : 0),
    counts,
    columns: all.flatMap(({ columns }) => columns),
    notes: prepareNotes(all, assembled, counts, context.recipe.data),
  };
}

/** Reads and divides the texts. What was read and is in no split is let go of before anything is written. */
async function divide(
  context: StageContext,
): Promise<{ details: PrepareDetails; splits: Record<Split, TextRow[]> }> {
  const { recipe, recipeFolder } = context;
  const read = await readSources(
    context,
    await resolveSources(recipe.data, recipeFolder, datasets),
  );
  const places = new Map([...(read.validation?.places ?? []), ...(read.test?.places ?? [])]);
  const { pool, validation, test } = read;
  const assembled = assembleSplits(
    { pool: pool.rows, validation: validation?.rows ?? null, test: test?.rows ?? null, places },
    recipe.data,
  );
  return { details: detailsOf(context, read, assembled), splits: assembled.splits };
}

/** Reads the texts, gives each its id, and divides them into labelled, transfer, validation and test. */
export const prepare: Stage<PrepareDetails> = {
  name: "prepare",
  version: 1,

  async inputs({ recipe, recipeFolder }) {
    const sources = await resolveSources(recipe.data, recipeFolder, datasets);
    // Contents and names of the files, not where they lie: a run that is moved with its data stays complete.
    const data = { ...recipe.data, source: await hashSources(sources) };
    return { task: recipe.task, data, columns: sources.columns };
  },

  describe({ recipe }) {
    return (
      `Reading ${sourceInWords(recipe.data.source)}: ${budgetInWords(recipe.data.labelled)} for the teacher, ` +
      "the other texts without labels as transfer set, test labels kept for the end"
    );
  },

  async run(context) {
    const { details, splits } = await divide(context);
    for (const message of details.notes)
      context.report({ kind: "note", stage: "prepare", message });
    for (const split of SPLITS) {
      context.signal.throwIfAborted();
      await writeSplit(context.run, split, splits[split]);
    }
    return { details, summary: prepareSummary(details, context.recipe.data.labelled) };
  },
};
