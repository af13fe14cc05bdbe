import { LimbeckError } from "../errors.ts";
import type { TextRow } from "../types.ts";

/** The texts on which systems are compared. */
export interface TestTexts {
  rows: readonly TextRow[];
  /** Class indices, `[N]`; null where no test text has a label. */
  gold: Int32Array | null;
  absentClasses: string[];
  notes: string[];
}

/**
 * Reads the gold labels of the test split, which nothing has looked at before. Texts without a label are left out where
 * others have one; where none has, only agreement can be measured.
 *
 * @throws LimbeckError `E_DATA` for a label that is not among the classes.
 */
export function readGold(rows: readonly TextRow[], classes: readonly string[]): TestTexts {
  const labelled = rows.filter((row) => row.label !== null);
  if (labelled.length === 0) return withoutGold(rows, classes);
  const indices = new Map(classes.map((label, index) => [label, index]));
  const unknown = labelled.filter((row) => !indices.has(row.label!));
  if (unknown.length > 0) throw unknownLabel(unknown, classes);
  const gold = Int32Array.from(labelled, (row) => indices.get(row.label!)!);
  const present = new Set(gold);
  const absentClasses = classes.filter((_, index) => !present.has(index));
  const notes: string[] = [];
  const missing = rows.length - labelled.length;
  if (missing > 0) {
    notes.push(`${missing} of ${rows.length} test texts have no label and were left out.`);
  }
  if (absentClasses.length > 0) {
    notes.push(
      `${absentClasses.length} of ${classes.length} classes have no test text: ${listSome(absentClasses)}.`,
    );
  }
  return { rows: labelled, gold, absentClasses, notes };
}

function withoutGold(rows: readonly TextRow[], classes: readonly string[]): TestTexts {
  const note =
    rows.length === 0
      ? "There are no test texts, so nothing could be scored. Name labelled texts under data.source.test."
      : "The test texts have no labels: only agreement with the teacher could be measured, not accuracy.";
  return { rows, gold: null, absentClasses: [...classes], notes: [note] };
}

function unknownLabel(unknown: readonly TextRow[], classes: readonly string[]): LimbeckError {
  const names = [...new Set(unknown.map((row) => row.label!))].sort();
  return new LimbeckError(
    "E_DATA",
    `Expected test labels among the ${classes.length} classes of the labelled texts, got ${listSome(names)} ` +
      `(${unknown.length} texts). Add labelled texts of these classes, or take them out of the test split.`,
  );
}

function listSome(names: readonly string[], limit = 5): string {
  const shown = names.slice(0, limit).map((name) => JSON.stringify(name));
  return names.length > limit
    ? `${shown.join(", ")} and ${names.length - limit} more`
    : shown.join(", ");
}
