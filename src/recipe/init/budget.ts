import { thousands } from "../../texts/wording.ts";

/** How many labels a first recipe uses, and why. */
export interface LabelBudget {
  labelled: "all" | { perClass: number };
  /** Labels that this is, in all. */
  labels: number;
  /** One sentence. */
  reason: string;
}

const LEAST = 10;
const MOST = 50;
/** Share of each class that becomes the test split: the default of data.testShare. */
const TEST_SHARE = 0.2;

/** Texts of a class that are left when the test split has been taken. */
function besidesTest(texts: number): number {
  return texts - Math.min(texts - 1, Math.max(1, Math.round(texts * TEST_SHARE)));
}

/**
 * Proposes the label budget. Where some texts have no label, every label there is. Else half of the smallest class,
 * from 10 to 50 per class: so the rest has labels that the report does not need, and shows what distillation is worth
 * when labels are few.
 *
 * @param sizes - labelled texts of each class
 * @param unlabelled - texts without a label
 */
export function proposeBudget(sizes: readonly number[], unlabelled: number): LabelBudget {
  const available = sizes.map(besidesTest);
  const all = available.reduce((sum, size) => sum + size, 0);
  if (sizes.length === 0) return { labelled: "all", labels: 0, reason: "no text has a label" };
  if (unlabelled > all) {
    return {
      labelled: "all",
      labels: all,
      reason: `${thousands(unlabelled)} texts without a label are there to learn from`,
    };
  }
  const smallest = Math.min(...available);
  if (smallest < LEAST) {
    const reason = `the smallest class has only ${smallest} texts besides the test texts`;
    return { labelled: "all", labels: all, reason };
  }
  const perClass = Math.min(MOST, Math.max(LEAST, Math.floor(smallest / 2)));
  return {
    labelled: { perClass },
    labels: perClass * sizes.length,
    reason: `the smallest class has ${thousands(smallest)} texts besides the test texts; the other texts teach the student without their labels`,
  };
}
