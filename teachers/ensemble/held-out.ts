import { LimbeckError } from "../../src/errors.ts";
import type { HeldOutLabels, LabelledText, Teacher } from "../../src/types.ts";
import { askMember, type Member } from "./ask-members.ts";

/** Gold labels with every member's logits for them. */
export interface MemberAnswers {
  ids: string[];
  /** Gold class of each, `[N]`. */
  labels: Int32Array;
  /** One per member: `[N, C]`. */
  logits: Float32Array[];
}

interface Sources {
  labelled: readonly LabelledText[];
  validation: readonly LabelledText[];
  signal: AbortSignal;
}

/** One member's logits by id: of the texts that it answers. */
type Rows = ReadonlyMap<string, Float32Array>;

function join(
  texts: readonly LabelledText[],
  members: readonly Rows[],
  classes: number,
): MemberAnswers {
  const shared = texts.filter(({ id }) => members.every((rows) => rows.has(id)));
  return {
    ids: shared.map(({ id }) => id),
    labels: Int32Array.from(shared, ({ label }) => label),
    logits: members.map((rows) => {
      const all = new Float32Array(shared.length * classes);
      shared.forEach(({ id }, row) => {
        all.set(rows.get(id)!, row * classes);
      });
      return all;
    }),
  };
}

async function ordinary(
  teacher: Teacher,
  texts: readonly LabelledText[],
  signal: AbortSignal,
): Promise<Rows> {
  const answers = await askMember(teacher, texts, signal);
  return new Map(
    [...answers].flatMap(([id, answer]) => ("logits" in answer ? [[id, answer.logits]] : [])),
  );
}

function rowsOf({ ids, logits }: HeldOutLabels): Rows {
  const classes = logits.length / Math.max(1, ids.length);
  return new Map(
    ids.map((id, row) => [id, logits.subarray(row * classes, (row + 1) * classes)] as const),
  );
}

/**
 * What each member says of labelled texts whose labels it has not learned from, for the texts that all of them have.
 *
 * @returns `any` where no member has learned from any; null where some member has no such answers
 */
export async function joinHeldOut(
  members: readonly Member[],
  { labelled, signal }: Omit<Sources, "validation">,
): Promise<MemberAnswers | "any" | null> {
  const heldOut = members.map(({ teacher }) => teacher.heldOut);
  if (heldOut.every((one) => one === "any")) return "any";
  if (heldOut.includes(null)) return null;
  const rows: Rows[] = [];
  for (const [place, one] of heldOut.entries()) {
    const { teacher } = members[place]!;
    rows.push(one === "any" ? await ordinary(teacher, labelled, signal) : rowsOf(one!));
  }
  return join(labelled, rows, members[0]!.teacher.labels.length);
}

/**
 * Gold labels to fit weights on: of the validation split where the recipe names one, else of the labelled texts, by
 * answers that had not seen them.
 *
 * @throws LimbeckError `E_TEACHER` where a member has neither.
 */
export async function answersToFitOn(
  members: readonly Member[],
  sources: Sources,
): Promise<MemberAnswers & { from: "validation" | "held-out" }> {
  const { labelled, validation, signal } = sources;
  const classes = members[0]!.teacher.labels.length;
  const used = members.some(({ teacher }) => teacher.usesValidation === true);
  const ask = async (texts: readonly LabelledText[]): Promise<MemberAnswers> => {
    const rows: Rows[] = [];
    for (const { teacher } of members) rows.push(await ordinary(teacher, texts, signal));
    return join(texts, rows, classes);
  };
  const fromValidation = validation.length > 0 && !used;
  const heldOut = fromValidation ? null : await joinHeldOut(members, sources);
  const found = fromValidation
    ? await ask(validation)
    : heldOut === "any"
      ? await ask(labelled)
      : heldOut;
  if (found !== null && found.ids.length > 0)
    return { ...found, from: fromValidation ? "validation" : "held-out" };
  const lacking = members.filter(({ teacher }) => teacher.heldOut === null).map(({ name }) => name);
  const got =
    found === null
      ? `none: ${lacking.join(", ")} has learned from all of them`
      : "no text that all members answer";
  throw new LimbeckError(
    "E_TEACHER",
    `Expected gold labels that no member has learned from to fit weights on, got ${got}. ` +
      "Name labelled texts in data.source.validation, or give each member a weight and remove weights: fit.",
  );
}
