import type { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { LimbeckError, messageOf } from "../errors.ts";
import { showQueueAddress, type QueueAddress } from "./queue-address.ts";

/** The queue that producers and workers meet on; a prefix of their own keeps fleets apart on one Redis. */
export const QUEUE_NAME = "labels";
export const DEFAULT_PREFIX = "limbeck";

export interface QueueLibraries {
  Queue: typeof Queue;
  Worker: typeof Worker;
  Redis: typeof Redis;
}

/**
 * Loads BullMQ and ioredis, which are installed by those who need them.
 *
 * @throws LimbeckError `E_QUEUE` with the command that installs them.
 */
export async function loadQueueLibraries(): Promise<QueueLibraries> {
  try {
    const [{ Queue, Worker }, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { Queue, Worker, Redis };
  } catch (thrown) {
    throw new LimbeckError(
      "E_QUEUE",
      `Expected the packages bullmq and ioredis to label over a queue, got ${messageOf(thrown).split("\n")[0]!}. ` +
        "Install them beside limbeck: npm install bullmq ioredis",
      { cause: thrown },
    );
  }
}

const CONNECT_LIMIT_MS = 5000;
/** Between attempts, once the queue has been reached and was lost. */
const MOST_RETRY_MS = 2000;

/** The cause stays behind: an error of ioredis carries the command that failed, and that of AUTH its password. */
function unreachable(address: QueueAddress, reason: string): LimbeckError {
  const cure = /NOAUTH|WRONGPASS|NOPERM|invalid password|ERR AUTH/i.test(reason)
    ? "Give user and password in the URL (redis://user:password@host), or as REDIS_USERNAME and REDIS_PASSWORD."
    : "Start redis-server there, or mend --queue. Nothing is lost: the same command goes on.";
  return new LimbeckError(
    "E_QUEUE",
    `Expected a Redis queue at ${showQueueAddress(address)}, got ${reason.replace(/\.+$/, "")}. ${cure}`,
  );
}

/**
 * Connects to Redis. A connection that is lost later is made again for as long as it takes; commands wait for it.
 *
 * @throws LimbeckError `E_QUEUE` within five seconds where the queue cannot be reached or does not let us in.
 */
export async function connectQueue(
  address: QueueAddress,
  libraries: Pick<QueueLibraries, "Redis">,
  limitMs = CONNECT_LIMIT_MS,
): Promise<Redis> {
  const { host, port, database, tls, username, password } = address;
  let reached = false;
  let reason = `no answer within ${limitMs / 1000} seconds`;
  const client = new libraries.Redis({
    host,
    port,
    db: database,
    lazyConnect: true,
    connectTimeout: limitMs,
    // BullMQ's workers wait for as long as it takes, and want this said.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (reached ? Math.min(100 * times, MOST_RETRY_MS) : null),
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  });
  client.on("error", (error: NodeJS.ErrnoException) => {
    if (!reached) reason = error.code ?? error.message;
  });
  const timer = setTimeout(() => {
    client.disconnect();
  }, limitMs);
  try {
    await client.connect();
    await client.ping();
    reached = true;
    return client;
  } catch (thrown) {
    client.disconnect();
    const { code, message } = thrown as NodeJS.ErrnoException;
    const general = code === undefined && /closed|ended/i.test(message);
    throw unreachable(address, general ? reason : (code ?? message));
  } finally {
    clearTimeout(timer);
  }
}
