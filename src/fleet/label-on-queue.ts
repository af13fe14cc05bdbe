import { LimbeckError } from "../errors.ts";
import type { LabelStore } from "../labels/label-store.ts";
import type { LabellingResult } from "../labels/label-texts.ts";
import type { IdentifiedText, Report, Teacher } from "../types.ts";
import { Collector } from "./collect.ts";
import { JobBoard } from "./job-board.ts";
import { writeOrder, type Order } from "./order.ts";
import { showQueueAddress, type QueueAddress } from "./queue-address.ts";
import { clearQueue, readOutcome, writeTexts } from "./shard-files.ts";
import {
  DEFAULT_SHARD_TEXTS,
  jobIdOf,
  PAID_SHARD_TEXTS,
  splitShards,
  type TextShard,
} from "./shards.ts";

/** Where and how a producer has its texts labelled by workers. */
export interface QueueOptions {
  address: QueueAddress;
  /** Of the keys in Redis. Default `limbeck`. */
  prefix?: string;
  /** Most texts per job. Default 2,048; 128 of a teacher that costs money. */
  shardTexts?: number;
}

/** A queue that has been reached. */
export interface Fleet {
  queue: QueueOptions;
  board: JobBoard;
  close(): void;
}

/** @throws LimbeckError `E_QUEUE` within seconds where the queue cannot be reached. */
export async function openFleet(queue: QueueOptions): Promise<Fleet> {
  const board = await JobBoard.open(queue.address, queue.prefix);
  return {
    queue,
    board,
    close: () => {
      board.close();
    },
  };
}

export interface LabelOnQueueOptions {
  fleet: Fleet;
  teacher: Teacher;
  store: LabelStore;
  texts: readonly IdentifiedText[];
  order: Omit<Order, "schema">;
  signal: AbortSignal;
  report: Report;
}

/** Shards whose texts are written and whose jobs are added at a time: the first workers start at once. */
const SHARDS_AT_ONCE = 64;

/**
 * Has workers on any number of machines label what the store lacks. Shards have names that follow from their texts, so
 * that the producer may be killed and started again at any time: jobs that are in the queue are not added twice, and
 * what is in the store is not added at all.
 *
 * @throws LimbeckError `E_TEACHER` where shards have failed for good, with the reason; `E_ABORTED` after the signal.
 */
export async function labelOnQueue(options: LabelOnQueueOptions): Promise<LabellingResult> {
  const { teacher, store, signal, report } = options;
  const { queue, board } = options.fleet;
  const texts = [...new Map(options.texts.map((text) => [text.id, text])).values()];
  const missing = new Set(store.missing(texts.map(({ id }) => id)));
  if (missing.size === 0) {
    // Left by a producer that was killed when all was done.
    await clearQueue(store.root, new Set());
    return { computed: 0, setAside: {} };
  }
  const { digest } = teacher;
  const size = queue.shardTexts ?? (teacher.estimate ? PAID_SHARD_TEXTS : DEFAULT_SHARD_TEXTS);
  const shards = splitShards({
    store: digest,
    texts,
    missing,
    size,
    fixed: teacher.plan === "fixed",
  });
  const { root } = store;
  const orderName = await writeOrder(root, { schema: "limbeck.order/1", ...options.order });
  tellStart(options, shards.length, missing.size);
  const add = (some: readonly TextShard[]) =>
    board.add(
      some.map(({ name, missing: texts }) => ({
        store: digest,
        order: orderName,
        shard: name,
        texts,
      })),
    );
  await board.forgetFailures(new Set(shards.map(({ name }) => jobIdOf(digest, name))));
  let added = 0;
  const collector = new Collector({
    root,
    store: digest,
    shards: shards.map(({ name, missing: texts }) => ({ name, texts })),
    board,
    addAgain: (names) => add(shards.filter(({ name }) => names.includes(name))),
    added: () => added === shards.length,
    signal,
    report,
  });
  const adding = (async () => {
    for (; added < shards.length && !signal.aborted; added += SHARDS_AT_ONCE) {
      const some = shards.slice(added, added + SHARDS_AT_ONCE);
      for (const shard of some) await writeTexts(root, shard);
      await add(some);
    }
    added = shards.length;
  })();
  await Promise.all([adding, collector.collect()]);
  requireAll(collector.failed, shards.length);
  return await finish({ store, shards, missing });
}

function tellStart(
  { fleet, store, report }: LabelOnQueueOptions,
  shards: number,
  texts: number,
): void {
  const count = (value: number) => value.toLocaleString("en-US");
  const folder = store.root.slice(0, store.root.lastIndexOf(store.format.digest) - 1);
  const message =
    `${count(texts)} texts in ${count(shards)} shards for workers: limbeck worker ` +
    `--queue ${showQueueAddress(fleet.queue.address)} --labels ${folder}`;
  report({ kind: "note", stage: "label", message });
}

function requireAll(failed: ReadonlyMap<string, string>, shards: number): void {
  const [first] = failed.values();
  if (first === undefined) return;
  const reasons = [...new Set(failed.values())];
  const others = reasons.length > 1 ? ` (and ${reasons.length - 1} other reasons)` : "";
  throw new LimbeckError(
    "E_TEACHER",
    `Expected all ${shards} shards to be labelled, got ${failed.size} that failed on every attempt: ${first}${others}. ` +
      "The labels of the others are in the store. Mend the cause and give the same command again: it adds only these.",
  );
}

async function finish(options: {
  store: LabelStore;
  shards: readonly TextShard[];
  missing: ReadonlySet<string>;
}): Promise<LabellingResult> {
  const { store, shards, missing } = options;
  const setAside: Record<string, number> = {};
  for (const { name } of shards) {
    const outcome = await readOutcome(store.root, name);
    for (const [reason, texts] of Object.entries(outcome?.setAside ?? {}))
      setAside[reason] = (setAside[reason] ?? 0) + texts;
  }
  await store.refresh();
  const left = store.missing(missing).length;
  const explained = Object.values(setAside).reduce((sum, texts) => sum + texts, 0);
  if (left > explained) {
    throw new LimbeckError(
      "E_STORE",
      `Expected the workers' labels of ${missing.size} texts in ${store.root}, got none for ${left}. ` +
        `${store.notes.map((note) => `${note} `).join("")}Give the same command again: it adds what is missing.`,
    );
  }
  await clearQueue(store.root, new Set(shards.map(({ name }) => name)));
  return { computed: missing.size - left, setAside };
}
