import { describe, expect, it } from "vitest";
import type { HardLabelChoice } from "../../src/training/hard-label.ts";
import type { ChoiceJob } from "../../src/training/jobs.ts";
import { TrainingPool } from "../../src/training/pool.ts";

const choice: HardLabelChoice = { learningRate: 0.1, steps: 1, heldOut: 0, table: [] };

/** Jobs whose results are there already: the pool asks for them in the order in which it would train them. */
function poolOf(signal = new AbortController().signal) {
  const pool = new TrainingPool({ workers: 1, signal });
  const order: string[] = [];
  const send = (name: string, priority: number, found: HardLabelChoice | null = choice) =>
    pool.run<"choice">({ kind: "choice", folder: name } as ChoiceJob, {
      priority,
      find: () => {
        order.push(name);
        return Promise.resolve(found);
      },
      onStep: () => undefined,
    });
  return { pool, order, send };
}

describe("TrainingPool", () => {
  it("begins with the longest, whatever was sent first", async () => {
    const { pool, order, send } = poolOf();
    const sent = [send("short", 10), send("long", 1000), send("middle", 100)];
    pool.start();
    await Promise.all(sent);
    expect(order).toEqual(["long", "middle", "short"]);
  });

  it("puts what waited for a job among the rest as soon as that job is done", async () => {
    const { pool, order, send } = poolOf();
    const chain = send("choice", 500).then(() =>
      Promise.all([send("first dependant", 300), send("second dependant", 50)]),
    );
    const sent = [send("short", 10), send("middle", 100)];
    pool.start();
    await Promise.all([chain, ...sent]);
    expect(order).toEqual(["choice", "first dependant", "middle", "second dependant", "short"]);
  });

  it("starts nothing once it is stopped", async () => {
    const stop = new AbortController();
    const { pool, send } = poolOf(stop.signal);
    const sent = [send("a", 2, null), send("b", 1, null)];
    stop.abort();
    pool.start();
    for (const one of await Promise.allSettled(sent)) {
      expect(one).toMatchObject({ status: "rejected", reason: { code: "E_ABORTED" } });
    }
  });
});
