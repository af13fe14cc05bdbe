import type { IdentifiedText, Teacher, TeacherLabel } from "../types.ts";
import { foldJournals } from "./fold-journals.ts";
import { SHARD_TEXTS, type LabelStore } from "./label-store.ts";
import { readSetAside } from "./ledger.ts";

export interface LabelTextsOptions {
  teacher: Teacher;
  store: LabelStore;
  texts: readonly IdentifiedText[];
  signal: AbortSignal;
  /** Told after every shard: how many texts are on disk of those that were missing. */
  progress: (done: number, total: number) => void;
  /** Whether texts that were set aside earlier are asked about again. Default: no. */
  retrySetAside?: boolean;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that a teacher takes
async function* stream(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

/** Commits labels to the store as a shard. */
async function save(store: LabelStore, labels: readonly TeacherLabel[]): Promise<void> {
  const { width } = store.format;
  const rows = new Float32Array(labels.length * width);
  labels.forEach(({ logits }, row) => {
    if (logits.length !== width)
      throw new RangeError(`Expected ${width} logits of a text, got ${logits.length}.`);
    rows.set(logits, row * width);
  });
  await store.append(
    labels.map(({ id }) => id),
    rows,
  );
}

/** Takes out the texts that were set aside earlier, counted by reason. */
async function leaveOut(
  store: LabelStore,
  missing: Set<string>,
  setAside: Record<string, number>,
): Promise<void> {
  for (const [id, reason] of await readSetAside(store.root))
    if (missing.delete(id)) setAside[reason] = (setAside[reason] ?? 0) + 1;
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
  await foldJournals(store);
  const missing = new Set(store.missing(options.texts.map(({ id }) => id)));
  const setAside: Record<string, number> = {};
  if (options.retrySetAside !== true) await leaveOut(store, missing, setAside);
  const total = missing.size;
  // Each id once: deleting says whether it was still there.
  const texts = options.texts.filter(({ id }) => missing.delete(id));
  let waiting: TeacherLabel[] = [];
  let done = 0;
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
    await foldJournals(store);
  }
  return { computed: done, setAside };
}
