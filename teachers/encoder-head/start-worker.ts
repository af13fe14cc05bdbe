import { Worker } from "node:worker_threads";
import { startThread } from "../../src/platform/spawn.ts";

/**
 * Starts the encoder's worker thread. In a clone the worker is TypeScript, and tsx given by `--import` registers itself
 * on the main thread only: so a line of JavaScript registers it in the worker before it loads the module.
 */
export function startEncoderWorker(workerData: unknown): Worker {
  const base = import.meta.url;
  if (!base.endsWith(".ts")) return startThread(base, "./encoder-worker", { workerData });
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const module = JSON.stringify(new URL("./encoder-worker.ts", base).href);
  const bootstrap = `import(${tsx}).then((tsx) => { tsx.register(); return import(${module}); })`;
  return new Worker(bootstrap, { eval: true, workerData, execArgv: [] });
}
