import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { ConnectionOptions, Worker } from "bullmq";
import { messageOf } from "../errors.ts";
import { currentProcess } from "../platform/process-identity.ts";
import {
  connectQueue,
  DEFAULT_PREFIX,
  loadQueueLibraries,
  QUEUE_NAME,
  type QueueLibraries,
} from "./connect.ts";
import { labelShard, type ShardResult } from "./label-shard.ts";
import { CannotWork, OpenTeachers, type OpenTeachersOptions } from "./open-teachers.ts";
import { jobSchema, type ShardJob } from "./order.ts";
import { showQueueAddress, type QueueAddress } from "./queue-address.ts";

export interface WorkOptions extends OpenTeachersOptions {
  address: QueueAddress;
  prefix?: string;
  /** Aborted when no more jobs are to be taken; the one in hand is finished. */
  stop: AbortSignal;
  /** End when no job is left to take. */
  once: boolean;
  /** After how long without a sign of life a worker's shard goes to another, in milliseconds. Default 30,000. */
  leaseMs?: number;
  /** Told of every shard that is done. */
  progress: (shard: { texts: number; seconds: number } & ShardResult) => void;
}

interface QueueSettings {
  connection: ConnectionOptions;
  prefix: string;
}

export interface WorkResult {
  shards: number;
  texts: number;
}

const DEFAULT_LEASE_MS = 30_000;
/** How often a shard whose worker vanished is handed out again: one that kills each of its workers ends as failed. */
const MOST_STALLS = 5;
/** How long a farewell to a queue that does not answer may take. */
const CLOSE_LIMIT_MS = 5000;
const ONCE_POLL_MS = 500;

/** What ends a worker: nothing that another shard would change. */
function endsWorker(thrown: unknown): boolean {
  if (thrown instanceof CannotWork) return true;
  const { code } = thrown as { code?: unknown };
  return code === "E_DISK" || code === "E_STORE";
}

function reasonOf(thrown: unknown): Error {
  const cause = thrown instanceof CannotWork ? thrown.cause : thrown;
  return cause instanceof Error ? cause : new Error(messageOf(cause));
}

/** A worker's labelling of jobs, apart from where the jobs come from. */
class Labeller {
  readonly done: WorkResult = { shards: 0, texts: 0 };
  /** What keeps this machine from working on, once there is such a thing. */
  problem: Error | null = null;
  private readonly options: WorkOptions;
  private readonly teachers: OpenTeachers;
  private current: Promise<unknown> = Promise.resolve();

  constructor(options: WorkOptions) {
    this.options = options;
    this.teachers = new OpenTeachers(options);
  }

  /** @throws Error whose message the producer shows: it names this machine. */
  async handle(data: unknown): Promise<void> {
    try {
      const started = performance.now();
      const job = jobSchema.parse(data);
      const labelling = this.label(job);
      this.current = labelling;
      const result = await labelling;
      this.done.shards += 1;
      this.done.texts += result.labelled;
      const seconds = (performance.now() - started) / 1000;
      this.options.progress({ texts: job.texts, seconds, ...result });
    } catch (thrown) {
      if (endsWorker(thrown)) this.problem ??= reasonOf(thrown);
      throw new Error(`${hostname()}: ${messageOf(thrown)}`, { cause: thrown });
    }
  }

  /** When the shard in hand is done. */
  async idle(): Promise<void> {
    await this.current.catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.teachers.close();
  }

  private async label(job: ShardJob): Promise<ShardResult> {
    const { labelsFolder, signal } = this.options;
    return await labelShard({
      root: join(labelsFolder, job.store),
      job,
      teacher: () => this.teachers.get(job),
      signal,
    });
  }
}

/**
 * Takes jobs from the queue and labels their shards until it is told to stop; the shard in hand is finished first. The
 * leases are BullMQ's locks, which live and expire in Redis: no two machines' clocks are ever compared. While Redis
 * cannot be reached the shard in hand goes on, and then the worker waits.
 *
 * @throws LimbeckError `E_QUEUE` where the queue cannot be reached at the start; `E_TEACHER`, `E_STORE`, `E_DISK` where
 *   this machine cannot label: the job has gone back, another machine may.
 */
export async function work(options: WorkOptions): Promise<WorkResult> {
  const libraries = await loadQueueLibraries();
  const { address } = options;
  const client = await connectQueue(address, libraries);
  const labeller = new Labeller(options);
  const cannot = new AbortController();
  const end = AbortSignal.any([cannot.signal, options.stop]);
  const lease = options.leaseMs ?? DEFAULT_LEASE_MS;
  const { pid } = await currentProcess();
  const settings: QueueSettings = {
    connection: client,
    prefix: options.prefix ?? DEFAULT_PREFIX,
  };
  const worker: Worker<unknown> = new libraries.Worker<unknown>(
    QUEUE_NAME,
    async ({ data }) => {
      await labeller.handle(data).catch((thrown: unknown) => {
        // Before the job is given back: a worker that cannot work must not be handed the next one.
        if (labeller.problem !== null) {
          void worker.close();
          cannot.abort();
        }
        throw thrown;
      });
    },
    {
      ...settings,
      name: `${hostname()}-${pid}`,
      concurrency: 1,
      lockDuration: lease,
      stalledInterval: Math.max(1000, lease / 2),
      maxStalledCount: MOST_STALLS,
    },
  );
  watchConnection(worker, options);
  try {
    const left = untilAborted(end);
    await (options.once ? Promise.race([left, untilEmpty(libraries, settings, end)]) : left);
  } finally {
    const closed = worker.close();
    await labeller.idle();
    await Promise.race([closed, delay(CLOSE_LIMIT_MS)]);
    client.disconnect();
    await labeller.close();
  }
  if (labeller.problem !== null) throw labeller.problem;
  return labeller.done;
}

/** Says once that the queue has gone, and once that it is back: BullMQ tries again by itself. */
function watchConnection(
  worker: { on(event: "error", listener: (error: Error) => void): unknown } & {
    on(event: "ready", listener: () => void): unknown;
  },
  { address, report }: WorkOptions,
): void {
  let gone = false;
  worker.on("error", (error) => {
    const { code } = error as NodeJS.ErrnoException;
    // A lock that was lost while Redis was away: the shard is in the store, whoever else is given it finds it there.
    if (code === undefined || gone) return;
    gone = true;
    const message = `the queue at ${showQueueAddress(address)} does not answer (${code}): waiting for it`;
    report({ kind: "warning", stage: "label", message });
  });
  worker.on("ready", () => {
    if (gone) report({ kind: "note", stage: "label", message: "the queue is back" });
    gone = false;
  });
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}

async function untilEmpty(
  { Queue }: QueueLibraries,
  settings: QueueSettings,
  signal: AbortSignal,
): Promise<void> {
  const queue = new Queue(QUEUE_NAME, settings);
  queue.on("error", () => undefined); // the worker's own connection tells of it
  while (!signal.aborted) {
    const counts = await queue.getJobCounts("wait", "active", "delayed", "prioritized");
    if (Object.values(counts).every((count) => count === 0)) break;
    await wait(ONCE_POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Keeps no process alive. */
async function delay(milliseconds: number): Promise<void> {
  await wait(milliseconds, undefined, { ref: false });
}
