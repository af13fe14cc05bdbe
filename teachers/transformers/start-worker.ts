import type { Worker } from "node:worker_threads";
import { startThread } from "../../src/platform/spawn.ts";

/** Starts the encoder's worker thread. */
export function startEncoderWorker(workerData: unknown): Worker {
  return startThread(import.meta.url, "./encoder-worker", { workerData });
}
