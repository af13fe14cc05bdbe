import type { LabelStore } from "../labels/label-store.ts";
import { readSetAside } from "../labels/ledger.ts";
import type { StageContext } from "../stages/stage.ts";
import type { IdentifiedText, OutlayPlan, Teacher } from "../types.ts";
import { onlyPlan, PlanFound } from "./consent.ts";
import { findKind } from "./find-kind.ts";
import { openForRun } from "./open-for-run.ts";
import { sendsTexts } from "./sends.ts";
import { openStore } from "./stored-teacher.ts";

/** Texts that the teacher would be asked about now. */
export async function textsToAsk(
  store: LabelStore,
  texts: readonly IdentifiedText[],
  { retrySetAside }: StageContext,
): Promise<IdentifiedText[]> {
  const aside = retrySetAside === true ? new Map() : await readSetAside(store.root);
  return texts.filter(({ id }) => !store.has(id) && !aside.has(id));
}

/** What labelling would send out and cost, without sending anything. */
export async function planLabels(context: StageContext): Promise<OutlayPlan | null> {
  const { teacher: entry } = context.recipe;
  const { kind } = await findKind(entry, context.recipeFolder);
  if (kind.sends !== true && !(await sendsTexts(entry))) return null;
  try {
    const { teacher, texts } = await openForRun({ ...context, agree: onlyPlan });
    try {
      const store = await openStore(teacher, context);
      const asked = await textsToAsk(store, texts, context);
      store.close();
      return asked.length === 0 ? null : ((await teacher.estimate?.(asked)) ?? null);
    } finally {
      await teacher.close();
    }
  } catch (thrown) {
    // The teacher has to ask its server before it knows its store: everything would be asked.
    if (thrown instanceof PlanFound) return thrown.plan;
    throw thrown;
  }
}

/** Asks for leave to send what is to be asked. */
export async function agreeToAsk(
  teacher: Teacher,
  asked: readonly IdentifiedText[],
  { agree }: StageContext,
): Promise<void> {
  if (asked.length === 0 || teacher.estimate === undefined) return;
  const plan = await teacher.estimate(asked);
  await agree?.(plan);
}
