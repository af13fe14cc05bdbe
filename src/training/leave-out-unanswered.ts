import { LimbeckError } from "../errors.ts";
import type { TrainingTexts } from "./prepare-sets.ts";

export interface LeaveOutOptions {
  texts: TrainingTexts;
  /** Whether validation texts are held to gold labels: they then need no answer. */
  gold: boolean;
  classes: number;
  /** Why texts have no answer, in words. */
  reasons: string;
  /** Which of these texts the teacher left unanswered. */
  unanswered: (ids: readonly string[]) => Promise<ReadonlySet<string>>;
}

/**
 * Takes the texts that the teacher left unanswered out of what students learn from and are held to. Labelled texts stay
 * with the controls, which read no teacher and must be no weaker for it.
 *
 * @returns the texts, and sentences that say what was left out
 * @throws LimbeckError `E_TEACHER` where fewer answers are left than there are classes.
 */
export async function leaveOutUnanswered({
  texts,
  gold,
  classes,
  reasons,
  unanswered,
}: LeaveOutOptions): Promise<{ texts: TrainingTexts; notes: string[] }> {
  const { labelled, transfer, validation } = texts;
  const learned = [...labelled, ...transfer];
  const ids = [...learned, ...(gold ? [] : validation)].map(({ id }) => id);
  const missing = await unanswered(ids);
  const left = learned.filter(({ id }) => !missing.has(id)).length;
  if (left < Math.max(1, classes)) {
    throw new LimbeckError(
      "E_TEACHER",
      `Expected the teacher's answers for the ${count(learned.length)} training texts, got ${count(left)}, ` +
        `too few for ${classes} classes (without one: ${reasons}). Choose a teacher that answers more of them.`,
    );
  }
  const held = gold ? validation : validation.filter(({ id }) => !missing.has(id));
  const without = learned.length - left;
  const notes: string[] = [];
  if (without > 0) {
    notes.push(
      `The teacher answered ${count(left)} of ${count(learned.length)} training texts; students learn from those.`,
    );
  }
  if (held.length < validation.length) {
    notes.push(
      `${count(validation.length - held.length)} of ${count(validation.length)} validation texts have no answer of the teacher and were left out.`,
    );
  }
  return {
    texts: {
      labelled,
      transfer: transfer.filter(({ id }) => !missing.has(id)),
      validation: held,
      unanswered: new Set(labelled.map(({ id }) => id).filter((id) => missing.has(id))),
    },
    notes,
  };
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
