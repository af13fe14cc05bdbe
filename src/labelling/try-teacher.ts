import { listStores, openStoreAt } from "../labels/open-store.ts";
import { sampleById } from "../labels/sample-ids.ts";
import { softmax } from "../math/softmax.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { IdentifiedText, OutlayPlan, Report, Teacher } from "../types.ts";
import type { Agree } from "./consent.ts";
import { openTeacher } from "./open-teacher.ts";
import { teacherPlace } from "./place.ts";
import { readAllTexts, readGold } from "./read-texts.ts";
import type { RecipeRun } from "./recipe-run.ts";

export interface TryTeacherOptions {
  recipe: Recipe;
  recipeFolder: string | null;
  run: RecipeRun;
  labelsFolder: string;
  /** Texts to label. */
  texts: number;
  /** Classes to tell of each. */
  top: number;
  agree: Agree;
  /** Whether a teacher's model that is not there may be downloaded. */
  download: boolean;
  signal: AbortSignal;
  report: Report;
}

export interface TriedText {
  id: string;
  text: string;
  /** The likeliest classes, the likeliest first; empty where there was no usable answer. */
  top: { label: string; probability: number }[];
  /** Why there was no usable answer, or null. */
  reason: string | null;
}

export interface TriedTeacher {
  texts: TriedText[];
  /** Seconds until the teacher was ready: models loaded, heads fitted. */
  openSeconds: number;
  textsPerSecond: number;
  /** Texts that the speed was measured on. */
  timedTexts: number;
  corpus: {
    texts: number;
    /** Those that the label store lacks. */
    missing: number;
    /** To label the missing ones at that rate. */
    seconds: number;
    /** What that would send and cost; null where nothing is sent and it costs nothing. */
    outlay: OutlayPlan | null;
  };
}

/** Texts without a label first: an encoder has read the others before, and would seem faster than it is. */
function chooseTexts(
  texts: readonly IdentifiedText[],
  missing: ReadonlySet<string>,
  count: number,
): IdentifiedText[] {
  const fresh = sampleById(
    texts.filter(({ id }) => missing.has(id)),
    count,
    "try",
  );
  const known = texts.filter(({ id }) => !missing.has(id));
  return [...fresh, ...sampleById(known, count - fresh.length, "try")];
}

async function missingIn(
  teacher: Teacher,
  texts: readonly IdentifiedText[],
  labelsFolder: string,
): Promise<Set<string>> {
  const stores = await listStores(labelsFolder);
  const own = stores.find(({ digest }) => digest === teacher.digest);
  if (own === undefined) return new Set(texts.map(({ id }) => id));
  const { store } = await openStoreAt(own.root);
  return new Set(texts.flatMap(({ id }) => (store.has(id) ? [] : [id])));
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that a teacher takes
async function* stream(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

async function labelSome(
  teacher: Teacher,
  texts: readonly IdentifiedText[],
  { top, signal }: TryTeacherOptions,
): Promise<TriedText[]> {
  const answers = new Map<string, Omit<TriedText, "id" | "text">>();
  for await (const answer of teacher.label(stream(texts), signal)) {
    if ("reason" in answer) {
      answers.set(answer.id, { top: [], reason: answer.reason });
      continue;
    }
    const likeliest = Array.from(softmax(answer.logits), (probability, index) => ({
      label: teacher.labels[index]!,
      probability,
    })).sort((a, b) => b.probability - a.probability);
    answers.set(answer.id, { top: likeliest.slice(0, top), reason: null });
  }
  const none = { top: [], reason: "the teacher gave no answer" };
  return texts.map(({ id, text }) => ({ id, text, ...(answers.get(id) ?? none) }));
}

/** Texts without a price are labelled for at least this long, or until there are this many: speed is that of full batches. */
const TIMED_SECONDS = 1.5;
const TIMED_TEXTS = 1024;

/**
 * Texts per second. The first few wait for models to load, which a corpus does once: they are no part of it.
 *
 * @param more - texts to go on with where those few were labelled in a moment
 */
async function labelTimed(
  teacher: Teacher,
  { chosen, more }: { chosen: readonly IdentifiedText[]; more: readonly IdentifiedText[] },
  options: TryTeacherOptions,
): Promise<{ texts: TriedText[]; timedTexts: number; textsPerSecond: number }> {
  const warm = chosen.slice(0, Math.min(2, chosen.length - 1));
  const before = await labelSome(teacher, warm, options);
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const after = await labelSome(teacher, chosen.slice(warm.length), options);
  let timedTexts = after.length;
  let rate = timedTexts / seconds();
  const most = Math.min(more.length, TIMED_TEXTS);
  for (let done = 0; done < most && seconds() < TIMED_SECONDS;) {
    // As many at once as about fill what is left of the time, twice as many as before at least: batches are then full.
    const left = TIMED_SECONDS - seconds();
    const next = more.slice(done, Math.min(most, done + Math.max(2 * timedTexts, rate * left)));
    const started = performance.now();
    await labelSome(teacher, next, options);
    rate = (1000 * next.length) / (performance.now() - started);
    timedTexts = next.length;
    done += next.length;
  }
  return { texts: [...before, ...after], timedTexts, textsPerSecond: rate };
}

/**
 * Labels a few texts of a recipe's run, and reckons from them what the whole corpus will take. No label is stored.
 *
 * @throws LimbeckError whatever the teacher or the consent to it throws.
 */
export async function tryTeacher(options: TryTeacherOptions): Promise<TriedTeacher> {
  const { recipe, recipeFolder, run, labelsFolder, agree, download, signal, report } = options;
  const { prepare, folder } = run;
  const texts = await readAllTexts(folder);
  const started = performance.now();
  const teacher = await openTeacher(recipe.teacher, {
    recipe,
    place: teacherPlace({ recipeFolder, labelsFolder, download }),
    labelsFolder,
    classes: prepare.classes,
    corpus: texts,
    gold: await readGold(folder, prepare),
    ...{ signal, report, agree },
  });
  try {
    const ready = performance.now();
    const missing = await missingIn(teacher, texts, labelsFolder);
    const chosen = chooseTexts(texts, missing, options.texts);
    const estimated = await teacher.estimate?.(chosen);
    if (estimated !== undefined) await agree(estimated);
    const left = texts.filter(({ id }) => missing.has(id));
    const shown = new Set(chosen.map(({ id }) => id));
    const more = estimated === undefined ? left.filter(({ id }) => !shown.has(id)) : [];
    const labelled = await labelTimed(teacher, { chosen, more }, options);
    return {
      ...labelled,
      openSeconds: (ready - started) / 1000,
      corpus: {
        texts: texts.length,
        missing: left.length,
        seconds: left.length / labelled.textsPerSecond,
        outlay: left.length === 0 ? null : ((await teacher.estimate?.(left)) ?? null),
      },
    };
  } finally {
    await teacher.close();
  }
}
