import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * A module beside the calling one, in the language that is running: `.ts` in a clone (through tsx), `.js` when built.
 *
 * @param base - `import.meta.url` of the caller
 * @param path - relative, without extension: `./label-worker`
 */
function sibling(base: string, path: string): { url: URL; execArgv: string[] } {
  const typescript = base.endsWith(".ts");
  return {
    url: new URL(`${path}${typescript ? ".ts" : ".js"}`, base),
    // Resolved here, so that the worker finds tsx whatever its working directory.
    execArgv: typescript ? ["--import", import.meta.resolve("tsx")] : [],
  };
}

/** Starts a worker thread on a module of ours. */
export function startThread(
  base: string,
  path: string,
  options: Omit<WorkerOptions, "execArgv" | "eval"> = {},
): Worker {
  const { url, execArgv } = sibling(base, path);
  if (execArgv.length === 0) return new Worker(url, options);
  // tsx given by `--import` registers itself on the main thread only: a line of JavaScript does it in the worker.
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const module = JSON.stringify(url.href);
  const bootstrap = `import(${tsx}).then((tsx) => { tsx.register(); return import(${module}); })`;
  return new Worker(bootstrap, { ...options, eval: true, execArgv: [] });
}

/** Starts a child process on a module of ours, with a message channel. Its output is piped to the parent. */
export function startProcess(
  base: string,
  path: string,
  parameters: readonly string[] = [],
): ChildProcess {
  const { url, execArgv } = sibling(base, path);
  return fork(fileURLToPath(url), [...parameters], {
    execArgv,
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}
