import { foldJournals } from "../labels/fold-journals.ts";
import { compactQuietly } from "../labels/compact.ts";
import { openLabelStore, type LabelStore } from "../labels/label-store.ts";
import { labelTexts } from "../labels/label-texts.ts";
import type { IdentifiedText, Report, Teacher, TeacherLabel } from "../types.ts";

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

/** A teacher whose answers come from its label store as far as they are there, and else go into it first. */
export async function storedTeacher(
  teacher: Teacher,
  where: { labelsFolder: string; report: Report },
): Promise<Teacher> {
  const store = await openStore(teacher, where);
  return {
    ...teacher,
    async *label(texts, signal) {
      let chunk: IdentifiedText[] = [];
      for await (const text of texts) {
        chunk.push(text);
        if (chunk.length < CHUNK_TEXTS) continue;
        yield* answer(teacher, store, chunk, signal);
        chunk = [];
      }
      yield* answer(teacher, store, chunk, signal);
    },
    async close() {
      await compactQuietly(store);
      store.close();
      await teacher.close();
    },
  };
}

async function* answer(
  teacher: Teacher,
  store: LabelStore,
  texts: readonly IdentifiedText[],
  signal: AbortSignal,
): AsyncGenerator<TeacherLabel> {
  await labelTexts({ teacher, store, texts, signal, progress: () => undefined });
  const ids = texts.map(({ id }) => id).filter((id) => store.has(id));
  const rows = await store.read(ids);
  const { width } = store.format;
  for (const [row, id] of ids.entries())
    yield { id, logits: rows.slice(row * width, (row + 1) * width) };
}
