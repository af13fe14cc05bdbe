import { readFile, readdir } from "node:fs/promises";

/** Proportional set size of a process in bytes: shared pages are divided among their users. 0 when it has ended. */
async function memoryOf(pid: number): Promise<number> {
  const content = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB/m.exec(content)?.[1] ?? 0) * 1024;
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) =>
      readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => ""),
    ),
  );
  return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
}

async function treeMemory(pid: number): Promise<number> {
  const children = await childrenOf(pid);
  const below = await Promise.all(children.map(treeMemory));
  return below.reduce((sum, bytes) => sum + bytes, await memoryOf(pid));
}

/** Memory of a process and all that it started, at one moment. */
export interface MemorySample {
  /** Since the watch began. */
  seconds: number;
  bytes: number;
}

/**
 * Samples the memory of a process and all that it starts (Linux only).
 *
 * @param every - milliseconds between two samples
 * @returns a function that stops the watch and gives the samples.
 */
export function sampleMemory(pid: number, every: number): () => MemorySample[] {
  const samples: MemorySample[] = [];
  const started = performance.now();
  const timer = setInterval(() => {
    void treeMemory(pid).then((bytes) => {
      if (bytes > 0) samples.push({ seconds: (performance.now() - started) / 1000, bytes });
    });
  }, every);
  return () => {
    clearInterval(timer);
    return samples;
  };
}

/**
 * Watches a process and all that it starts (Linux only), ten times a second.
 *
 * @returns a function that stops the watch and gives the highest sum of their memory, in bytes.
 */
export function watchPeakMemory(pid: number): () => number {
  const stop = sampleMemory(pid, 100);
  return () => stop().reduce((peak, { bytes }) => Math.max(peak, bytes), 0);
}
