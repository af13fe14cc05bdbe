import { LabelStore } from "../labels/label-store.ts";
import { blockOf } from "../labels/label-texts.ts";
import type { RowBlock } from "../labels/row-writer.ts";
import type { RowFormat } from "../labels/rows.ts";
import type { IdentifiedText, Teacher, TextId } from "../types.ts";
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

/** All rows, sorted by id: whoever labels the shard writes the same file. */
function joinBlocks(
  blocks: (RowBlock & { id: TextId })[],
  { width, extras: names }: Pick<RowFormat, "width" | "extras">,
): { ids: TextId[]; rows: Float32Array; extras: Float32Array } {
  blocks.sort((a, b) => (a.id < b.id ? -1 : 1));
  const rows = new Float32Array(blocks.length * width);
  const beside = new Float32Array(blocks.length * names.length);
  for (const [row, block] of blocks.entries()) {
    rows.set(block.rows, row * width);
    if (block.extras !== undefined) beside.set(block.extras, row * names.length);
  }
  return { ids: blocks.map(({ id }) => id), rows, extras: beside };
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
  const blocks: (RowBlock & { id: TextId })[] = [];
  const setAside: Record<string, number> = {};
  for await (const answer of teacher.label(stream(texts), signal)) {
    if (!wanted.delete(answer.id)) continue;
    if ("reason" in answer) setAside[answer.reason] = (setAside[answer.reason] ?? 0) + 1;
    else blocks.push({ id: answer.id, ...blockOf(answer, labelStore) });
  }
  if (blocks.length < asked) await writeOutcome(root, shard, { rows: blocks.length, setAside });
  if (blocks.length === 0) return { labelled: 0, already: false };
  const { ids, rows, extras } = joinBlocks(blocks, format);
  const first = await labelStore.appendOnce(labelsNameOf(shard), ids, rows, extras);
  return { labelled: first ? blocks.length : 0, already: !first };
}
