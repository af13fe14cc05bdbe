import { LimbeckError } from "../errors.ts";
import type { Recipe } from "../recipe/schema.ts";
import { suggestion } from "../recipe/suggest.ts";
import type { Split, TextId, TextRow } from "../types.ts";
import { drawHeldOut, drawLabelled, drawTest, groupByClass, heldOutSize } from "./sampling.ts";

export interface SplitInput {
  /** Texts of train and unlabeled, each once; labels where there are any. */
  pool: readonly TextRow[];
  /** Null where the recipe names no such split. */
  validation: readonly TextRow[] | null;
  test: readonly TextRow[] | null;
  /** `file:line` of each label in validation and test, for messages. */
  places: ReadonlyMap<string, string>;
}

export interface AssembledSplits {
  classes: string[];
  splits: Record<Split, TextRow[]>;
  validation: "gold" | "transfer";
  /** Texts of the pool that are in validation or test. */
  alsoInEvaluation: number;
  /** Texts of the validation split that are in test. */
  validationInTest: number;
  /** True where the test split was taken from the labelled texts. */
  madeTest: boolean;
  perClass: Record<string, { labelled: number; available: number; test: number }>;
}

type SplitRules = Pick<Recipe["data"], "labelled" | "testShare" | "validationShare" | "seed">;

const withoutLabel = (row: TextRow): TextRow => ({ id: row.id, text: row.text, label: null });
const ids = (rows: readonly TextRow[]): Set<TextId> => new Set(rows.map(({ id }) => id));

/** Distinct labels, sorted by code point (the order of their UTF-8 bytes). */
export function classesOf(rows: readonly TextRow[]): string[] {
  const names = new Set<string>();
  for (const { label } of rows) if (label !== null) names.add(label);
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function checkPool(pool: readonly TextRow[], before: number): void {
  if (pool.length > 0) return;
  const reason = before === 0 ? "none" : `${before} that are all in validation or test too`;
  throw new LimbeckError("E_DATA", `Expected texts to learn from, got ${reason}. Name other files in data.source.`);
}

function checkClasses(classes: readonly string[], rows: number): void {
  if (classes.length !== 1) return;
  throw new LimbeckError(
    "E_DATA",
    `Expected at least two classes among the training texts, got one: "${classes[0]!}" (${rows} texts). ` +
      "Add texts of another class, or name another label column in data.columns.label.",
  );
}

function checkKnown(rows: readonly TextRow[], split: "test" | "validation", classes: readonly string[], input: SplitInput): void {
  const known = new Set(classes);
  const unknown = classesOf(rows).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const [first] = unknown as [string];
  const texts = rows.filter(({ label }) => label === first).length;
  const place = input.places.get(first);
  const more = unknown.length > 1 ? ` and ${unknown.length - 1} more such labels` : "";
  throw new LimbeckError(
    "E_DATA",
    `${place === undefined ? "" : `${place}: `}Expected labels of the ${split} texts that training texts have too, ` +
      `got "${first}" (${texts} ${texts === 1 ? "text" : "texts"})${more}. ` +
      `${suggestion(first, classes.slice(0, 20), "Training has")} Add training texts with it, or take its ${split} texts out.`,
  );
}

function checkBudget(classes: readonly string[], rules: SplitRules): void {
  if (classes.length > 0 || rules.labelled === "all") return;
  const wanted = "perClass" in rules.labelled ? `${rules.labelled.perClass} per class` : `${rules.labelled.count}`;
  throw new LimbeckError(
    "E_DATA",
    `Expected labelled texts to draw from (data.labelled asks for ${wanted}), got none. ` +
      "Name the label column in data.columns.label, or name a labelled file as data.source.train.",
  );
}

interface Drawn {
  labelled: TextRow[];
  transfer: TextRow[];
  heldOut: TextRow[];
}

/**
 * Splits what is left of the pool. Where every label is bought and there are fewer other texts, the held-out texts
 * come from all of them, and their labels are given back unread.
 */
function drawTraining(rest: readonly TextRow[], bought: readonly TextRow[], gold: boolean, rules: SplitRules): Drawn {
  const isBought = ids(bought);
  const labelled = rest.filter(({ id }) => isBought.has(id));
  const transfer = rest.filter(({ id }) => !isBought.has(id)).map(withoutLabel);
  if (gold) return { labelled, transfer, heldOut: [] };
  const fromAll = rules.labelled === "all" && transfer.length < labelled.length;
  const candidates = fromAll ? [...labelled, ...transfer] : transfer;
  const heldOut = drawHeldOut(candidates, heldOutSize(candidates.length, rules.validationShare), rules.seed);
  const isHeldOut = ids(heldOut);
  return {
    labelled: labelled.filter(({ id }) => !isHeldOut.has(id)),
    transfer: transfer.filter(({ id }) => !isHeldOut.has(id)),
    heldOut: rest.filter(({ id }) => isHeldOut.has(id)).map(withoutLabel),
  };
}

function countClasses(classes: readonly string[], available: readonly TextRow[], labelled: readonly TextRow[], test: readonly TextRow[]) {
  const counts = new Map(classes.map((name) => [name, { labelled: 0, available: 0, test: 0 }]));
  const add = (rows: readonly TextRow[], key: "labelled" | "available" | "test"): void => {
    for (const { label } of rows) {
      const entry = label === null ? undefined : counts.get(label);
      if (entry !== undefined) entry[key] += 1;
    }
  };
  add(available, "available");
  add(labelled, "labelled");
  add(test, "test");
  return Object.fromEntries(counts);
}

/**
 * Divides texts into labelled, transfer, validation and test. No text is in two of them, and a label that was not
 * bought is in test or nowhere.
 *
 * 1. Texts that are also in test leave validation; those in either leave the pool.
 * 2. A test split that is missing is drawn from the labelled texts of the pool, stratified.
 * 3. The budget is drawn from what is left; the rest, without labels, is the transfer set.
 * 4. A validation split that is missing is held out of the transfer set, without labels.
 *
 * @throws LimbeckError `E_DATA` for one class only, a class with too few texts, a test label that training never saw.
 */
export function assembleSplits(input: SplitInput, rules: SplitRules): AssembledSplits {
  const namedTest = input.test ?? [];
  const inTest = ids(namedTest);
  const gold = (input.validation ?? []).filter(({ id }) => !inTest.has(id));
  const inEvaluation = ids(gold);
  const pool = input.pool.filter(({ id }) => !inTest.has(id) && !inEvaluation.has(id));

  checkPool(pool, input.pool.length);
  const trained = classesOf(pool);
  const rows = pool.filter(({ label }) => label !== null);
  checkClasses(trained, rows.length);
  checkBudget(trained, rules);
  const drawnTest = input.test === null ? drawTest(groupByClass(rows, trained), rules.testShare, rules.seed) : [];
  const inDrawn = ids(drawnTest);
  const rest = pool.filter(({ id }) => !inDrawn.has(id));
  const test = input.test === null ? pool.filter(({ id }) => inDrawn.has(id)) : [...namedTest];
  if (trained.length > 0) {
    checkKnown(test, "test", trained, input);
    checkKnown(gold, "validation", trained, input);
  }
  const classes = trained.length > 0 ? trained : classesOf([...test, ...gold]);
  const madeTest = drawnTest.length > 0;
  const bought = drawLabelled(groupByClass(rest, classes), rules.labelled, rules.seed, madeTest);
  const { labelled, transfer, heldOut } = drawTraining(rest, bought, gold.length > 0, rules);
  return {
    classes,
    splits: { labelled, transfer, validation: gold.length > 0 ? gold : heldOut, test },
    validation: gold.length > 0 ? "gold" : "transfer",
    alsoInEvaluation: input.pool.length - pool.length,
    validationInTest: (input.validation?.length ?? 0) - gold.length,
    madeTest,
    perClass: countClasses(classes, rest, labelled, test),
  };
}
