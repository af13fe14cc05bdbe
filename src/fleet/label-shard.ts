import { LabelStore } from "../labels/label-store.ts";
import { labelRows } from "../labels/label-rows.ts";
import type { IdentifiedText, Teacher, TeacherLabel } from "../types.ts";
import type { ShardJob } from "./order.ts";
import { isLabelled, labelsNameOf, readTexts, writeOutcome } from "./shard-files.ts";

export interface LabelShardOptions {
  /** Folder of the label store. */
  root: string;
  job: ShardJob;
  /** Opens the job's teacher, or finds it open. */
  teacher: () => Promise<Teacher>;
  signal: AbortSignal;
}

export interface ShardResult {
  /** Texts that were labelled now and by us. */
  labelled: number;
  /** Whether somebody had committed the shard before us. */
  already: boolean;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a list as the stream that a teacher takes
async function* stream(texts: readonly IdentifiedText[]): AsyncGenerator<IdentifiedText> {
  yield* texts;
}

/**
 * Labels a shard's texts and commits its labels under the shard's own name: linked, or there already. However often a job
 * is handed out, its labels are in the store once.
 *
 * @throws LimbeckError `E_STORE`, `E_DATA` for texts that are not there or others, or whatever the teacher throws;
 *   nothing is committed then.
 */
export async function labelShard(options: LabelShardOptions): Promise<ShardResult> {
  const { root, job, signal } = options;
  const { shard, store } = job;
  if (await isLabelled(root, shard)) return { labelled: 0, already: true };
  const texts = await readTexts(root, store, shard);
  const teacher = await options.teacher();
  const { labels: classes, extras: names = [] } = teacher;
  const format = { digest: store, width: classes.length, dtype: "float32", extras: names } as const;
  // Without its index: a worker has no need to know what else is in a store of a billion rows.
  const labelStore = new LabelStore(root, format);
  const wanted = new Set(texts.filter(({ known }) => known !== true).map(({ id }) => id));
  const asked = wanted.size;
  const answers: TeacherLabel[] = [];
  const setAside: Record<string, number> = {};
  for await (const answer of teacher.label(stream(texts), signal)) {
    if (!wanted.delete(answer.id)) continue;
    if ("reason" in answer) setAside[answer.reason] = (setAside[answer.reason] ?? 0) + 1;
    else answers.push(answer);
  }
  if (answers.length < asked) await writeOutcome(root, shard, { rows: answers.length, setAside });
  if (answers.length === 0) return { labelled: 0, already: false };
  // Whoever labels the shard writes the same file.
  answers.sort((a, b) => (a.id < b.id ? -1 : 1));
  const { ids, rows, extras } = labelRows(answers, format);
  const first = await labelStore.appendOnce(labelsNameOf(shard), ids, rows, extras);
  return { labelled: first ? answers.length : 0, already: !first };
}
