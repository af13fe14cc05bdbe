import { Worker } from "node:worker_threads";
import type { ThreadData } from "./protocol.ts";

/** Starts a thread for shards: of the JavaScript beside this file when built, through tsx where TypeScript runs. */
export function startShardWorker(workerData: ThreadData): Worker {
  const base = import.meta.url;
  if (!base.endsWith(".ts")) return new Worker(new URL("./shard-worker.js", base), { workerData });
  // tsx given by `--import` registers itself on the main thread only: a line of JavaScript does it in the thread.
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const module = JSON.stringify(new URL("./shard-worker.ts", base).href);
  const bootstrap = `import(${tsx}).then((tsx) => { tsx.register(); return import(${module}); })`;
  return new Worker(bootstrap, { workerData, eval: true, execArgv: [] });
}
