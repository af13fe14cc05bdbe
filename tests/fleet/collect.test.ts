import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Collector, type CollectOptions } from "../../src/fleet/collect.ts";
import type { BoardState } from "../../src/fleet/job-board.ts";
import { labelsFileOf, queueFolder, writeOutcome } from "../../src/fleet/shard-files.ts";
import type { ProgressEvent } from "../../src/types.ts";

let root = "";
let events: ProgressEvent[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "limbeck-collect-"));
  await mkdir(queueFolder(root));
  events = [];
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

const shards = [
  { name: "a".repeat(32), texts: 3 },
  { name: "b".repeat(32), texts: 2 },
];
const [a, b] = shards.map(({ name }) => name) as [string, string];
const commit = (name: string) => writeFile(join(root, labelsFileOf(name)), "");

/** Collects with a queue that answers what `states` says, one after the other, the last again and again. */
function collector(
  states: readonly (BoardState | Error)[],
  changes: Partial<CollectOptions> = {},
): Collector {
  let asked = 0;
  return new Collector({
    root,
    store: "s",
    shards,
    board: {
      state: () => {
        const state = states[Math.min(asked, states.length - 1)]!;
        asked += 1;
        return state instanceof Error ? Promise.reject(state) : Promise.resolve(state);
      },
      failures: () => Promise.resolve(new Map([[b, "host: the model broke"]])),
    },
    addAgain: () => Promise.resolve(),
    added: () => true,
    signal: new AbortController().signal,
    report: (event) => events.push(event),
    pollMs: 1,
    ...changes,
  });
}

const busy: BoardState = { open: 2, failed: 0, workers: 3 };
const messages = (kind: "note" | "warning") =>
  events.flatMap((event) => (event.kind === kind ? [event.message] : []));
const lastProgress = () => events.filter((event) => event.kind === "progress").at(-1);

describe("collecting", () => {
  it("ends when every shard's labels are committed, and counts texts, shards and workers", async () => {
    await commit(a);
    const collecting = collector([busy]).collect();
    await commit(b);
    await collecting;
    expect(lastProgress()).toMatchObject({ done: 5, total: 5, unit: "texts" });
    expect(lastProgress()).toMatchObject({
      detail: expect.stringContaining("2/2 shards, 3 workers") as string,
    });
  });

  it("goes on when compaction has taken a shard away that was there", async () => {
    await commit(a);
    const one = collector([busy]);
    const collecting = one.collect();
    while (lastProgress() === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    await rm(join(root, labelsFileOf(a)));
    await commit(b);
    await collecting;
    expect(lastProgress()).toMatchObject({ done: 5 });
  });

  it("takes a shard without any answer for done, but not one whose labels are still to be committed", async () => {
    await commit(a);
    await writeOutcome(root, b, { rows: 1, setAside: { refused: 1 } });
    const collecting = collector([busy]).collect();
    while (lastProgress() === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(lastProgress()).toMatchObject({ done: 3 });
    await writeOutcome(root, b, { rows: 0, setAside: { refused: 2 } });
    await collecting;
    expect(lastProgress()).toMatchObject({ done: 5 });
  });

  it("says at once why a shard has failed, and ends when the others are done", async () => {
    const one = collector([{ ...busy, failed: 1 }]);
    const collecting = one.collect();
    while (messages("warning").length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await commit(a);
    await collecting;
    expect([...one.failed]).toEqual([[b, "host: the model broke"]]);
    expect(messages("warning")).toEqual([
      "a shard of 2 texts has failed for good: host: the model broke",
    ]);
  });

  it("adds again what an emptied queue has lost, only that, and not before all was added", async () => {
    await commit(a);
    const empty: BoardState = { open: 0, failed: 0, workers: 3 };
    const lost: (readonly string[])[] = [];
    let looks = 0;
    await collector([empty], {
      // The first twenty looks fall into the time in which the producer still adds.
      added: () => (looks += 1) > 20,
      addAgain: async (names) => {
        expect(looks).toBeGreaterThan(20);
        lost.push(names);
        await commit(b);
      },
    }).collect();
    expect(lost).toEqual([[b]]);
    expect(messages("warning")).toEqual([expect.stringContaining("the queue has lost 1 shards")]);
  });

  it("collects on while the queue is gone, says so once, and again when it is back", async () => {
    const gone = new Error("ECONNREFUSED");
    await commit(a);
    const collecting = collector([busy, gone, gone, gone, busy, busy]).collect();
    while (!messages("note").includes("the queue is back"))
      await new Promise((resolve) => setTimeout(resolve, 1));
    await commit(b);
    await collecting;
    expect(messages("warning")).toEqual([
      "the queue does not answer: waiting for it, and collecting what the workers commit",
    ]);
  });

  it("stops when it is told to, leaving the queue alone", async () => {
    const stop = new AbortController();
    const collecting = collector([busy], { signal: stop.signal, pollMs: 10_000 }).collect();
    stop.abort();
    await expect(collecting).rejects.toMatchObject({ code: "E_ABORTED" });
  });
});
