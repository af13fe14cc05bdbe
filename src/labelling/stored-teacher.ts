import { foldJournals } from "../labels/fold-journals.ts";
import { compactQuietly } from "../labels/compact.ts";
import { openLabelStore, type LabelStore } from "../labels/label-store.ts";
import { labelTexts } from "../labels/label-texts.ts";
import type { IdentifiedText, Report, Teacher, TeacherAnswer } from "../types.ts";

/** Opens the label store of a teacher and warns of what was damaged in it. */
export async function openStore(
  teacher: Teacher,
  { labelsFolder, report }: { labelsFolder: string; report: Report },
): Promise<LabelStore> {
  const { description, digest, files, labels, extras } = teacher;
  const store = await openLabelStore({
    folder: labelsFolder,
    description,
    digest,
    width: labels.length,
    files,
    ...(extras && { extras }),
  });
  await foldJournals(store);
  for (const message of store.notes) report({ kind: "warning", stage: "label", message });
  return store;
}

/** Texts that are labelled together: enough to fill every worker, few enough to stay in memory. */
const CHUNK_TEXTS = 8192;

export interface StoredTeacherOptions {
  labelsFolder: string;
  report: Report;
  /** Every text that will be asked about: what a teacher with a fixed plan must see together. */
  corpus?: readonly IdentifiedText[];
}

/** A teacher whose answers come from its label store as far as they are there, and else go into it first. */
export async function storedTeacher(
  teacher: Teacher,
  { corpus, ...where }: StoredTeacherOptions,
): Promise<Teacher> {
  const store = await openStore(teacher, where);
  const stored = new StoredAnswers(teacher, store);
  // Blocks that are laid down beforehand must not depend on the order in which somebody asks.
  let whole = teacher.plan === "fixed" ? (corpus ?? null) : null;
  return {
    ...teacher,
    ...(teacher.estimate && {
      estimate: (texts: readonly IdentifiedText[]) =>
        teacher.estimate!(texts.filter(({ id }) => !store.has(id))),
    }),
    async *label(texts, signal) {
      if (whole !== null) await stored.complete(whole, signal);
      whole = null;
      let chunk: IdentifiedText[] = [];
      for await (const text of texts) {
        chunk.push(text);
        if (chunk.length < CHUNK_TEXTS) continue;
        yield* stored.answer(chunk, signal);
        chunk = [];
      }
      yield* stored.answer(chunk, signal);
    },
    async close() {
      await compactQuietly(store);
      store.close();
      await teacher.close();
    },
  };
}

/** A store and the teacher that fills it. */
class StoredAnswers {
  private readonly store: LabelStore;
  /** The teacher, listened to for why it leaves texts unanswered. */
  private readonly teacher: Teacher;
  private readonly reasons = new Map<string, string>();

  constructor(teacher: Teacher, store: LabelStore) {
    this.store = store;
    const { reasons } = this;
    this.teacher = {
      ...teacher,
      async *label(texts, signal) {
        for await (const answer of teacher.label(texts, signal)) {
          if ("reason" in answer) reasons.set(answer.id, answer.reason);
          yield answer;
        }
      },
    };
  }

  /** Has the texts labelled that have no row. */
  async complete(texts: readonly IdentifiedText[], signal: AbortSignal): Promise<void> {
    const { teacher, store } = this;
    await labelTexts({ teacher, store, texts, signal, progress: () => undefined });
  }

  async *answer(
    texts: readonly IdentifiedText[],
    signal: AbortSignal,
  ): AsyncGenerator<TeacherAnswer> {
    const { store, reasons } = this;
    // Those that were set aside a moment ago are not asked about again.
    const open = texts.filter(({ id }) => !reasons.has(id));
    await this.complete(open, signal);
    const ids = texts.map(({ id }) => id).filter((id) => store.has(id));
    const rows = await store.read(ids);
    const { width } = store.format;
    for (const [row, id] of ids.entries())
      yield { id, logits: rows.slice(row * width, (row + 1) * width) };
    for (const { id } of texts)
      if (!store.has(id)) yield { id, reason: reasons.get(id) ?? "left unanswered earlier" };
  }
}
