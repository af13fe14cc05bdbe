import { access, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { LimbeckError } from "../errors.ts";
import { readParquet, writeParquet } from "../formats/parquet.ts";
import { readJson, writeJson } from "../platform/files.ts";
import { textId } from "../texts/ids.ts";
import type { IdentifiedText } from "../types.ts";
import { nameShard, type TextShard } from "./shards.ts";

/** What a worker says of a shard that the teacher had no answer for in part. */
export interface Outcome {
  /** Rows that the shard's labels have; where there are none, there is no such file. */
  rows: number;
  /** Texts without an answer, how many by reason. */
  setAside: Record<string, number>;
}

/** Where producer and workers meet: in the label store's own folder, the one place that all of them see. */
export function queueFolder(root: string): string {
  return join(root, "queue");
}

/** Name of the file in the store that holds a shard's labels: it being there means that the shard is done. */
export function labelsFileOf(name: string): string {
  return `part-${labelsNameOf(name)}.parquet`;
}

/** The same, as the label store is told it. */
export function labelsNameOf(name: string): string {
  return `queue-${name}`;
}

const textsFile = (name: string) => `${name}.parquet`;
const outcomeFile = (name: string) => `${name}.json`;

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Lays a shard's texts down for whoever takes its job; what is there by that name is the same, or damaged. */
export async function writeTexts(root: string, { name, texts }: TextShard): Promise<void> {
  const path = join(queueFolder(root), textsFile(name));
  await writeParquet(path, [
    { name: "text", type: "STRING", values: texts.map(({ text }) => text) },
    { name: "known", type: "INT32", values: texts.map(({ known }) => (known === true ? 1 : 0)) },
  ]);
}

/**
 * Reads a shard's texts and holds them against its name, so that no label goes to another text.
 *
 * @throws LimbeckError `E_STORE` where the file is not there, `E_DATA` where it is damaged or holds other texts.
 */
export async function readTexts(
  root: string,
  store: string,
  name: string,
): Promise<IdentifiedText[]> {
  const path = join(queueFolder(root), textsFile(name));
  if (!(await exists(path))) {
    throw new LimbeckError(
      "E_STORE",
      `Expected the texts of a shard in ${path}, got no such file. Give --labels the folder that the producer ` +
        "labels into; where it is, give the producer's command again.",
    );
  }
  const { columns } = await readParquet(path, ["text", "known"]);
  const values = columns["text"]?.type === "STRING" ? columns["text"].values : [];
  const known = columns["known"]?.type === "INT32" ? columns["known"].values : [];
  const texts = values.map((value, row): IdentifiedText => {
    const text = value ?? "";
    return { id: textId(text), text, ...(known[row] === 1 ? { known: true } : {}) };
  });
  if (nameShard(store, texts) === name) return texts;
  throw new LimbeckError(
    "E_DATA",
    `Expected the texts that ${path} was named after, got others. Give the producer's command again: it writes them anew.`,
  );
}

/** Whether a shard's labels are committed. */
export async function isLabelled(root: string, name: string): Promise<boolean> {
  return await exists(join(root, labelsFileOf(name)));
}

/** Tells of texts without an answer; to be written before the labels, which declare the shard done. */
export async function writeOutcome(root: string, name: string, outcome: Outcome): Promise<void> {
  await writeJson(join(queueFolder(root), outcomeFile(name)), outcome);
}

export async function readOutcome(root: string, name: string): Promise<Outcome | null> {
  return await readJson<Outcome>(join(queueFolder(root), outcomeFile(name)));
}

/** Names of the files in the store's folder and of those in its queue: what tells which shards are done. */
export async function listFiles(
  root: string,
): Promise<{ labels: Set<string>; queue: Set<string> }> {
  const [labels, queue] = await Promise.all([
    readdir(root),
    readdir(queueFolder(root)).catch(() => []),
  ]);
  return { labels: new Set(labels), queue: new Set(queue) };
}

/** Whether a worker has told of texts of this shard that have no answer. */
export function hasOutcome(files: { queue: ReadonlySet<string> }, name: string): boolean {
  return files.queue.has(outcomeFile(name));
}

/**
 * Takes away what was laid down for shards that are done, those of producers that were killed included, and the folder
 * where nothing is left to do in it.
 *
 * @param done - shards that are done although they have no labels: nothing in them has an answer
 */
export async function clearQueue(root: string, done: ReadonlySet<string>): Promise<void> {
  const folder = queueFolder(root);
  const { labels, queue } = await listFiles(root);
  const left = new Set(queue);
  for (const file of queue) {
    const name = /^([0-9a-f]{32})\.(parquet|json)$/.exec(file)?.[1];
    if (name === undefined || !(done.has(name) || labels.has(labelsFileOf(name)))) continue;
    await rm(join(folder, file), { force: true });
    left.delete(file);
  }
  // Another producer's texts need their order, and it may be at work on them.
  if ([...left].some((file) => file.endsWith(".parquet"))) return;
  for (const file of left) await rm(join(folder, file), { force: true });
  await rmdir(folder).catch(() => undefined); // gone, or somebody has just begun
}
