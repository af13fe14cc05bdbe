import type { Recipe } from "../recipe/schema.ts";
import type { PrepareDetails } from "../types.ts";
import type { AssembledSplits } from "./assemble.ts";
import type { Collected } from "./collect.ts";

/** `10,003`. */
export const thousands = (value: number): string => value.toLocaleString("en-US");

const texts = (value: number): string => `${thousands(value)} ${value === 1 ? "text" : "texts"}`;
const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

/** What the budget of `data.labelled` is, in words. */
export function budgetInWords(labelled: Recipe["data"]["labelled"]): string {
  if (labelled === "all") return "every label there is";
  if (labelled === "none") return "no label";
  return "perClass" in labelled
    ? `${thousands(labelled.perClass)} labels per class`
    : `${thousands(labelled.count)} labels`;
}

function fileNotes({ columns, withoutLabels }: Collected): string[] {
  const guessed = columns.filter((entry) => entry.guessed);
  return [
    ...guessed.map(({ file, text, label }) => {
      const found = label === null ? "" : `, labels in "${label}"`;
      return `${file}: texts in column "${text}"${found}, guessed from the names of the columns.`;
    }),
    ...withoutLabels.map(({ file, columns: all }) => {
      const where = all.length === 0 ? "" : ` among its columns ${list(all)}`;
      return `${file} has no column of labels${where}: its texts are used without labels.`;
    }),
  ];
}

function countNotes(
  counts: PrepareDetails["counts"],
  collected: readonly Collected[],
  maxCharacters: number,
): string[] {
  const conflicts = collected.reduce((sum, { counts: own }) => sum + own.conflicts, 0);
  const unlabelled = collected.reduce((sum, { counts: own }) => sum + own.unlabelled, 0);
  const whole = collected.every(({ withoutLabels }) => withoutLabels.length === 0);
  const notes: string[] = [];
  if (conflicts > 0) {
    notes.push(`${texts(conflicts)} came again with another label: the first label was kept.`);
  }
  if (counts.empty > 0)
    notes.push(
      `${thousands(counts.empty)} empty ${counts.empty === 1 ? "text was" : "texts were"} dropped.`,
    );
  if (counts.truncated > 0) {
    notes.push(
      `${texts(counts.truncated)} of more than ${thousands(maxCharacters)} characters (data.maxCharacters) ${counts.truncated === 1 ? "was" : "were"} cut there.`,
    );
  }
  if (unlabelled > 0 && whole)
    notes.push(`${texts(unlabelled)} for training had no label and joined the transfer set.`);
  return notes;
}

function validationNote(assembled: AssembledSplits, rules: Recipe["data"]): string {
  const size = assembled.splits.validation.length;
  if (assembled.validation === "gold")
    return `The ${texts(size)} of the validation split count as bought labels.`;
  if (size === 0)
    return "No texts could be held out for validation: training runs all its epochs and keeps the last weights.";
  const from = rules.labelled === "all" ? "training" : "transfer";
  return `No validation split was named: ${texts(size)} for ${from} ${size === 1 ? "is" : "are"} held out; only the teacher labels them, no gold label of theirs is read.`;
}

function splitNotes(assembled: AssembledSplits, rules: Recipe["data"]): string[] {
  const { splits, classes, perClass } = assembled;
  const notes: string[] = [];
  if (assembled.madeTest) {
    const unlabelled = splits.test.every(({ label }) => label === null);
    const share = `${Math.round(rules.testShare * 100)} %${unlabelled ? "" : " of each class"}`;
    const use = unlabelled
      ? " They have no labels: only agreement with the teacher is measured on them."
      : "";
    notes.push(
      `No test split was named: ${texts(splits.test.length)} (${share}, draw ${rules.seed}) were set aside.${use}`,
    );
  }
  if (splits.test.length === 0)
    notes.push("There is no test split: no score can be measured. Name one in data.source.test.");
  if (assembled.validationInTest > 0)
    notes.push(
      `${texts(assembled.validationInTest)} of validation ${assembled.validationInTest === 1 ? "is" : "are"} in test too and left validation.`,
    );
  notes.push(validationNote(assembled, rules));
  if (splits.labelled.length === 0) {
    const why =
      rules.labelled === "none"
        ? "No label is bought (data.labelled: none)"
        : "No text for training has a label";
    notes.push(`${why}: the budget is 0.`);
  }
  if (splits.transfer.length === 0)
    notes.push(
      "Every label was bought, so the transfer set is empty: students learn from the labelled texts.",
    );
  const available = Object.values(perClass).reduce((sum, counts) => sum + counts.available, 0);
  if (rules.classes === undefined && classes.length > 20 && available < classes.length * 2) {
    notes.push(
      `The labels look like numbers or names of rows: ${thousands(classes.length)} classes for ${texts(available)}. Check data.columns.label.`,
    );
  }
  return notes;
}

/** Sentences for the report: guessed columns, dropped texts, splits that were made. */
export function prepareNotes(
  collected: readonly Collected[],
  assembled: AssembledSplits,
  counts: PrepareDetails["counts"],
  rules: Recipe["data"],
): string[] {
  return [
    ...collected.flatMap(fileNotes),
    ...countNotes(counts, collected, rules.maxCharacters),
    ...splitNotes(assembled, rules),
  ];
}

/** The stage's last line on the terminal. */
export function prepareSummary(
  details: PrepareDetails,
  labelled: Recipe["data"]["labelled"],
): string {
  const { rows, counts, classes, validation } = details;
  const draw =
    typeof labelled === "object" && "perClass" in labelled
      ? `${thousands(labelled.perClass)} for each of ${thousands(classes.length)} classes`
      : `${thousands(classes.length)} classes`;
  const held = validation === "gold" ? "validation (gold)" : "validation held out";
  const dropped = [
    `${thousands(counts.alsoInEvaluation)} also in test${validation === "gold" ? " or validation" : ""}`,
    `${thousands(counts.duplicates)} duplicates`,
  ];
  if (counts.empty > 0) dropped.push(`${thousands(counts.empty)} empty`);
  return (
    `${texts(counts.read)} read: ${thousands(rows.labelled)} labelled (${draw}), ${thousands(rows.transfer)} transfer, ` +
    `${thousands(rows.validation)} ${held}, ${thousands(rows.test)} test; dropped: ${dropped.join(", ")}` +
    (counts.truncated > 0 ? `; ${thousands(counts.truncated)} cut at the limit of characters` : "")
  );
}
