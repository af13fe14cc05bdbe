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

/**
 * Watches a process and all that it starts (Linux only), ten times a second.
 *
 * @returns a function that stops the watch and gives the highest sum of their memory, in bytes.
 */
export function watchPeakMemory(pid: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    void treeMemory(pid).then((bytes) => {
      peak = Math.max(peak, bytes);
    });
  }, 100);
  return () => {
    clearInterval(timer);
    return peak;
  };
}
