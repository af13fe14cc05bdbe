import type { Worker } from "node:worker_threads";
import { startThread } from "../../src/platform/spawn.ts";

/** Starts a worker thread that runs a model. */
export function startModelWorker(workerData: unknown): Worker {
  return startThread(import.meta.url, "./model-worker", { workerData });
}
