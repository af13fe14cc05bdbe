import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { planTraining } from "../../../src/engine/program/training-plan.ts";
import { layOut, sharedArray } from "../../../src/engine/shards/memory.ts";
import { ShardThread } from "../../../src/engine/shards/shard-thread.ts";
import { startShardWorker } from "../../../src/engine/shards/start-worker.ts";
import { student as bilstm } from "../../../students/bilstm.ts";
import { makeBatch, studentProgram } from "../programs.ts";

const plan = planTraining(studentProgram(bilstm, { hidden: 2 }), { seed: 1, maxTokens: 16 });
const { size } = layOut(plan.parameters);
const parameters = sharedArray(size);

/** A thread of JavaScript that is ready, and does as told when it is asked to run. */
function openFake(reaction: string): Promise<ShardThread> {
  const code = `
    const { parentPort } = require("node:worker_threads");
    parentPort.on("message", ({ kind }) => { if (kind === "run") { ${reaction} } else parentPort.close(); });
    parentPort.postMessage({ kind: "ready" });`;
  return ShardThread.open(new Worker(code, { eval: true }));
}

describe("a thread for shards", () => {
  it("that ends while it works is told, and so is every later run; closing does not wait for it", async () => {
    const thread = await openFake("process.exit(3)");
    const expected = {
      code: "E_WORKER",
      message:
        "Expected a thread for shards to go on, got its end with status 3. Start again from the last saved state.",
    };
    await expect(thread.run({ step: 1, parameters, tasks: [] })).rejects.toMatchObject(expected);
    await expect(thread.run({ step: 1, parameters, tasks: [] })).rejects.toMatchObject(expected);
    await thread.close();
  });

  it("that throws outside of a run's care is told with its message", async () => {
    const thread = await openFake('setTimeout(() => { throw new Error("out of luck"); })');
    await expect(thread.run({ step: 1, parameters, tasks: [] })).rejects.toMatchObject({
      code: "E_WORKER",
      message: expect.stringContaining("got its end by an error: out of luck.") as string,
    });
    await thread.close();
  });

  it("that cannot load its model is told when it is opened", async () => {
    const damaged = { ...plan, model: Uint8Array.of(1, 2, 3) };
    const opening = ShardThread.open(startShardWorker({ plan: damaged, threads: 1 }));
    await expect(opening).rejects.toMatchObject({
      code: "E_WORKER",
      message: expect.stringMatching(
        /^Expected a thread to run its shard, got: .*model/i,
      ) as string,
    });
  });

  it("passes on what ONNX Runtime or the engine says, and can be asked again", async () => {
    const thread = await ShardThread.open(startShardWorker({ plan, threads: 1 }));
    const batch = makeBatch([2, 1]);
    const rows = sharedArray(2 * 2 * plan.embeddingSize!);
    const embedded = sharedArray(rows.length);
    const task = { shard: 1, weight: 0.5, rows, embedded, gradients: sharedArray(size) };
    const run = (given: typeof batch, shared: Float32Array | null = rows) =>
      thread.run({ step: 1, parameters, tasks: [{ ...task, rows: shared, batch: given }] });
    await expect(run({ ...batch, inputs: {} })).rejects.toMatchObject({
      code: "E_SHAPE",
      message: "Expected input mask as float32 [2, 2], 4 elements, got none.",
    });
    await expect(run(batch, null)).rejects.toMatchObject({
      code: "E_WORKER",
      message: expect.stringContaining("embedded") as string,
    });
    const [{ loss, terms, learned }] = (await run(batch)) as [
      Awaited<ReturnType<typeof run>>[number],
    ];
    // Weights of zero: every class is as likely as the others, ln 3.
    expect(loss).toBeCloseTo(Math.log(3), 6);
    expect(terms["double"]).toBeCloseTo(2 * Math.log(3), 6);
    expect(learned).toEqual(plan.parameters.map(({ name }) => name));
    await thread.close();
  });
});
