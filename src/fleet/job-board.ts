import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { connectQueue, DEFAULT_PREFIX, loadQueueLibraries, QUEUE_NAME } from "./connect.ts";
import type { ShardJob } from "./order.ts";
import type { QueueAddress } from "./queue-address.ts";
import { jobIdOf } from "./shards.ts";

/** How often a shard is tried before it counts as failed, and how long it rests in between. */
const ATTEMPTS = 3;
const REST_MS = 1000;

export interface BoardState {
  /** Jobs of all producers that wait or are at work. */
  open: number;
  failed: number;
  /** Null where Redis does not tell. */
  workers: number | null;
}

/** The producer's side of the queue. */
export class JobBoard {
  private readonly queue: Queue<ShardJob>;
  private readonly client: Redis;

  private constructor(queue: Queue<ShardJob>, client: Redis) {
    this.queue = queue;
    this.client = client;
  }

  /** @throws LimbeckError `E_QUEUE` where the queue cannot be reached, or the packages that it takes are missing. */
  static async open(address: QueueAddress, prefix = DEFAULT_PREFIX): Promise<JobBoard> {
    const libraries = await loadQueueLibraries();
    const client = await connectQueue(address, libraries);
    const queue = new libraries.Queue<ShardJob>(QUEUE_NAME, { connection: client, prefix });
    queue.on("error", () => undefined); // what is asked of it fails or waits: that is told
    return new JobBoard(queue, client);
  }

  /** Adds jobs; those that are there already, waiting or at work, are not added again. */
  async add(jobs: readonly ShardJob[]): Promise<void> {
    await this.queue.addBulk(
      jobs.map((job) => ({
        name: "shard",
        data: job,
        opts: {
          jobId: jobIdOf(job.store, job.shard),
          attempts: ATTEMPTS,
          backoff: { type: "fixed", delay: REST_MS },
          // The label store says what is done; Redis holds what is not.
          removeOnComplete: true,
        },
      })),
    );
  }

  /** Forgets failures of an earlier attempt, so that these jobs can be added anew. */
  async forgetFailures(jobIds: ReadonlySet<string>): Promise<void> {
    for (const id of await this.queue.getRanges(["failed"], 0, -1)) {
      if (jobIds.has(id)) await this.queue.remove(id);
    }
  }

  /** Why shards have failed for good, by name of the shard. */
  async failures(store: string): Promise<Map<string, string>> {
    const failed = await this.queue.getFailed(0, -1);
    const own = failed.filter(({ data }) => data.store === store);
    return new Map(own.map(({ data, failedReason }) => [data.shard, failedReason]));
  }

  async state(): Promise<BoardState> {
    const kinds = ["wait", "active", "delayed", "prioritized", "failed"] as const;
    const { failed = 0, ...open } = await this.queue.getJobCounts(...kinds);
    const workers = await this.queue.getWorkersCount().catch(() => null);
    return { open: Object.values(open).reduce((sum, count) => sum + count, 0), failed, workers };
  }

  close(): void {
    this.client.disconnect();
  }
}
