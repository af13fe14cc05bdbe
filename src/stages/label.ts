import { LimbeckError } from "../errors.ts";
import { findKind } from "../labelling/find-kind.ts";
import { openTeacher } from "../labelling/open-teacher.ts";
import { teacherPlace } from "../labelling/place.ts";
import { readAllTexts, readGold } from "../labelling/read-texts.ts";
import { openStore } from "../labelling/stored-teacher.ts";
import { compactQuietly } from "../labels/compact.ts";
import { labelTexts, type LabellingResult } from "../labels/label-texts.ts";
import type { LabelStore } from "../labels/label-store.ts";
import type { LabelDetails, PrepareDetails, Teacher } from "../types.ts";
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

  run: labelStage,
};

async function labelStage(
  context: StageContext,
): Promise<{ details: LabelDetails; summary: string }> {
  const { run, recipe, report, signal } = context;
  const prepare = (await readManifest<PrepareDetails>(run, "prepare")).details;
  const texts = await readAllTexts(run);
  const place = teacherPlace(context);
  const gold = await readGold(run, prepare);
  const { classes } = prepare;
  const teacher = await stoppable(signal, () =>
    openTeacher(recipe.teacher, { ...context, place, classes, gold }),
  );
  try {
    const store = await openStore(teacher, context);
    const started = performance.now();
    const progress = (done: number, total: number) => {
      report({ kind: "progress", stage: "label", task: "labelling", done, total, unit: "texts" });
    };
    const result = await stoppable(signal, () =>
      labelTexts({ teacher, store, texts, signal, progress }),
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
