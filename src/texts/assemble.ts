import type { Recipe } from "../recipe/schema.ts";
import type { Split, TextId, TextRow } from "../types.ts";
import {
  checkBudget,
  checkClasses,
  checkKnown,
  checkNamed,
  checkPool,
  classesOf,
  sortClasses,
} from "./class-checks.ts";
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
  /** True where the test split was taken from the labelled texts, or where there are none, from the texts. */
  madeTest: boolean;
  perClass: Record<string, { labelled: number; available: number; test: number }>;
}

type SplitRules = Pick<
  Recipe["data"],
  "classes" | "labelled" | "testShare" | "validationShare" | "seed"
>;

const withoutLabel = (row: TextRow): TextRow => ({ id: row.id, text: row.text, label: null });
const ids = (rows: readonly TextRow[]): Set<TextId> => new Set(rows.map(({ id }) => id));

interface Drawn {
  labelled: TextRow[];
  transfer: TextRow[];
  heldOut: TextRow[];
}

/**
 * Splits what is left of the pool. Where every label is bought and there are fewer other texts, the held-out texts
 * come from all of them, and their labels are given back unread.
 */
function drawTraining(
  rest: readonly TextRow[],
  bought: readonly TextRow[],
  gold: boolean,
  rules: SplitRules,
): Drawn {
  const isBought = ids(bought);
  const labelled = rest.filter(({ id }) => isBought.has(id));
  const transfer = rest.filter(({ id }) => !isBought.has(id)).map(withoutLabel);
  if (gold) return { labelled, transfer, heldOut: [] };
  const fromAll = rules.labelled === "all" && transfer.length < labelled.length;
  const candidates = fromAll ? [...labelled, ...transfer] : transfer;
  const heldOut = drawHeldOut(
    candidates,
    heldOutSize(candidates.length, rules.validationShare),
    rules.seed,
  );
  const isHeldOut = ids(heldOut);
  return {
    labelled: labelled.filter(({ id }) => !isHeldOut.has(id)),
    transfer: transfer.filter(({ id }) => !isHeldOut.has(id)),
    heldOut: rest.filter(({ id }) => isHeldOut.has(id)).map(withoutLabel),
  };
}

/**
 * Draws a test split from the labelled texts. Where there are none and the recipe names the classes, it comes from all
 * texts: agreement with the teacher can be measured on it.
 */
function drawMissingTest(
  pool: readonly TextRow[],
  trained: readonly string[],
  { classes, testShare, seed }: SplitRules,
): TextRow[] {
  const groups =
    trained.length === 0 && classes ? new Map([["", [...pool]]]) : groupByClass(pool, trained);
  return drawTest(groups, testShare, seed);
}

function countClasses(
  classes: readonly string[],
  available: readonly TextRow[],
  labelled: readonly TextRow[],
  test: readonly TextRow[],
) {
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
 * 2. A test split that is missing is drawn from the labelled texts of the pool, stratified; where no text has a label
 *    and the recipe names the classes, from all of them: agreement with the teacher can be measured there.
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
  const named = rules.classes && sortClasses(rules.classes);
  if (named) checkNamed(classesOf([...pool, ...namedTest, ...gold]), named);
  else checkClasses(trained, pool.filter(({ label }) => label !== null).length);
  checkBudget(trained, rules.labelled);
  const drawnTest = input.test === null ? drawMissingTest(pool, trained, rules) : [];
  const inDrawn = ids(drawnTest);
  const rest = pool.filter(({ id }) => !inDrawn.has(id));
  const test = input.test === null ? pool.filter(({ id }) => inDrawn.has(id)) : [...namedTest];
  if (trained.length > 0 && !named) {
    checkKnown(test, "test", trained, input.places);
    checkKnown(gold, "validation", trained, input.places);
  }
  const classes = named ?? (trained.length > 0 ? trained : classesOf([...test, ...gold]));
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
