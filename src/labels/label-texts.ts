import type { IdentifiedText, Teacher, TeacherLabel } from "../types.ts";
import { labelRows } from "./label-rows.ts";
import { SHARD_TEXTS, type LabelStore } from "./label-store.ts";

export interface LabelTextsOptions {
  teacher: Teacher;
  store: LabelStore;
  texts: readonly IdentifiedText[];
  signal: AbortSignal;
  /** Told after every shard: how many texts are on disk of those that were missing. */
  progress: (done: number, total: number) => void;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that a teacher takes
async function* stream(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

/** Commits labels to the store as a shard. */
async function save(store: LabelStore, labels: readonly TeacherLabel[]): Promise<void> {
  const { ids, rows, extras } = labelRows(labels, store.format);
  await store.append(ids, rows, extras);
}

export interface LabellingResult {
  /** Texts that were labelled now. */
  computed: number;
  /** Texts that the teacher has no usable answer for, how many by reason. */
  setAside: Record<string, number>;
}

/**
 * Has the teacher label the texts that the store lacks and commits its answers shard by shard. Whatever stops it, the
 * answers that came are committed first.
 */
export async function labelTexts(options: LabelTextsOptions): Promise<LabellingResult> {
  const { teacher, store, signal, progress } = options;
  const missing = new Set(store.missing(options.texts.map(({ id }) => id)));
  const total = missing.size;
  // Each id once: deleting says whether it was still there.
  const texts = options.texts.filter(({ id }) => missing.delete(id));
  let waiting: TeacherLabel[] = [];
  let done = 0;
  const setAside: Record<string, number> = {};
  const flush = async (): Promise<void> => {
    const labels = waiting;
    waiting = [];
    await save(store, labels);
    done += labels.length;
    progress(done, total);
  };
  if (total === 0) return { computed: 0, setAside };
  try {
    for await (const answer of teacher.label(stream(texts), signal)) {
      if ("reason" in answer) setAside[answer.reason] = (setAside[answer.reason] ?? 0) + 1;
      else waiting.push(answer);
      if (waiting.length >= SHARD_TEXTS) await flush();
    }
  } finally {
    if (waiting.length > 0) await flush();
  }
  return { computed: done, setAside };
}
