import { LimbeckError } from "../errors.ts";
import { onlyPlan, PlanFound } from "../labelling/consent.ts";
import { findKind } from "../labelling/find-kind.ts";
import { openTeacher } from "../labelling/open-teacher.ts";
import { teacherPlace } from "../labelling/place.ts";
import { readAllTexts, readGold } from "../labelling/read-texts.ts";
import { sendsTexts } from "../labelling/sends.ts";
import { openStore } from "../labelling/stored-teacher.ts";
import { compactQuietly } from "../labels/compact.ts";
import { labelTexts, type LabellingResult } from "../labels/label-texts.ts";
import type { LabelStore } from "../labels/label-store.ts";
import { readSetAside } from "../labels/ledger.ts";
import type {
  IdentifiedText,
  LabelDetails,
  OutlayPlan,
  PrepareDetails,
  Teacher,
} from "../types.ts";
import { readManifest } from "./manifest.ts";
import type { Stage, StageContext } from "./stage.ts";

/**
 * Has the teacher label every text of every split that the label store lacks. Gold labels are read of the labelled
 * split only; what the teacher says of test texts is compared with theirs in evaluate.
 */
export const label: Stage<LabelDetails> = {
  name: "label",
  version: 2,

  async inputs(context) {
    const { recipe, run } = context;
    const { kind, options } = await findKind(recipe.teacher);
    const fingerprint = await kind.fingerprint(options, teacherPlace(context));
    const { digest } = await readManifest(run, "prepare");
    // The seed deals the labelled texts to the folds.
    return { teacher: recipe.teacher, seed: recipe.data.seed, fingerprint, digests: [digest] };
  },

  describe({ recipe }) {
    return `Labelling every text with the teacher ${recipe.teacher.kind}: its logits are what the student learns from`;
  },

  plan: planLabels,

  run: labelStage,
};

/** The recipe's teacher, and every text that it is for. */
async function openForAll(
  context: StageContext,
): Promise<{ teacher: Teacher; texts: readonly IdentifiedText[] }> {
  const { run, recipe, signal } = context;
  const prepare = (await readManifest<PrepareDetails>(run, "prepare")).details;
  const texts = await readAllTexts(run);
  const place = teacherPlace(context);
  const gold = await readGold(run, prepare);
  const { classes } = prepare;
  const teacher = await stoppable(signal, () =>
    openTeacher(recipe.teacher, { ...context, place, classes, gold, corpus: texts }),
  );
  return { teacher, texts };
}

/** Texts that the teacher would be asked about now. */
async function textsToAsk(
  store: LabelStore,
  texts: readonly IdentifiedText[],
  { retrySetAside }: StageContext,
): Promise<IdentifiedText[]> {
  const aside = retrySetAside === true ? new Map() : await readSetAside(store.root);
  return texts.filter(({ id }) => !store.has(id) && !aside.has(id));
}

/** What labelling would send out and cost, without sending anything. */
async function planLabels(context: StageContext): Promise<OutlayPlan | null> {
  if (!(await sendsTexts(context.recipe.teacher))) return null;
  try {
    const { teacher, texts } = await openForAll({ ...context, agree: onlyPlan });
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
async function agreeToAsk(
  teacher: Teacher,
  asked: readonly IdentifiedText[],
  { agree }: StageContext,
): Promise<void> {
  if (asked.length === 0 || teacher.estimate === undefined) return;
  const plan = await teacher.estimate(asked);
  await agree?.(plan);
}

async function labelStage(
  context: StageContext,
): Promise<{ details: LabelDetails; summary: string }> {
  const { recipe, report, signal, retrySetAside = false } = context;
  const { teacher, texts } = await openForAll(context);
  try {
    const store = await openStore(teacher, context);
    await agreeToAsk(teacher, await textsToAsk(store, texts, context), context);
    const started = performance.now();
    const progress = (done: number, total: number) => {
      report({ kind: "progress", stage: "label", task: "labelling", done, total, unit: "texts" });
    };
    const result = await stoppable(signal, () =>
      labelTexts({ teacher, store, texts, signal, progress, retrySetAside }),
    );
    const seconds = (performance.now() - started) / 1000;
    await compactQuietly(store);
    const kind = recipe.teacher.kind;
    const details = describeLabels({ teacher, kind, store, texts: texts.length, result });
    store.close();
    return { details, summary: summarize(details, seconds) };
  } finally {
    await teacher.close();
  }
}

/** Turns whatever a stopped task throws into the one error that says how to go on. */
async function stoppable<Result>(
  signal: AbortSignal,
  task: () => Promise<Result>,
): Promise<Result> {
  try {
    return await task();
  } catch (thrown) {
    const mendable = thrown instanceof LimbeckError && thrown.code !== "E_ABORTED";
    if (!signal.aborted || mendable) throw thrown;
    throw new LimbeckError(
      "E_ABORTED",
      "Stopped. The labels that were computed are saved; the same command goes on from there.",
      { cause: thrown },
    );
  }
}

interface Labelled {
  teacher: Teacher;
  kind: string;
  store: LabelStore;
  texts: number;
  result: LabellingResult;
}

function describeLabels({ teacher, kind, store, texts, result }: Labelled): LabelDetails {
  const { digest, labels, parameters, bytes, maxLength, facts } = teacher;
  const missing = Object.values(result.setAside).reduce((sum, count) => sum + count, 0);
  return {
    teacher: {
      kind,
      digest,
      store: store.root,
      labels: [...labels],
      parameters,
      bytes,
      maxLength,
      facts,
      plan: teacher.plan ?? "free",
      provider: teacher.provider ?? null,
    },
    texts,
    computed: result.computed,
    reused: texts - result.computed - missing,
    missing: result.setAside,
    notes: [...store.notes],
  };
}

function summarize({ texts, computed, reused, teacher }: LabelDetails, seconds: number): string {
  const count = (value: number) => value.toLocaleString("en-US");
  const rate = count(Math.round(computed / Math.max(seconds, 1e-3)));
  const kept = reused > 0 ? `, ${count(reused)} found in the label store` : "";
  const what =
    computed === 0
      ? `${count(texts)} texts, all found in the label store`
      : `${count(computed)} texts labelled at ${rate} texts/s${kept}`;
  const about = teacher.facts["summary"];
  return typeof about === "string" ? `${what}; ${about}` : what;
}
