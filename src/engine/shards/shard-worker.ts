import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { TrainingGraph } from "../program/training.ts";
import type { RunMessage, ThreadAnswer, ThreadData, ThreadMessage } from "./protocol.ts";
import { ShardRunner } from "./shard-runner.ts";

/** The code travels beside the message: structured clones of errors lose it. */
function failure(thrown: unknown): ThreadAnswer {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return {
    kind: "failed",
    code: typeof code === "string" ? code : undefined,
    message: thrown instanceof Error ? thrown.message : String(thrown),
  };
}

async function work(port: MessagePort, { plan, threads }: ThreadData): Promise<void> {
  const answer = (message: ThreadAnswer) => {
    port.postMessage(message);
  };
  let runner: ShardRunner;
  try {
    runner = new ShardRunner(plan, await TrainingGraph.open(plan, threads));
  } catch (thrown) {
    answer(failure(thrown));
    return;
  }
  const run = async (message: RunMessage) => {
    try {
      answer({ kind: "done", losses: await runner.run(message) });
    } catch (thrown) {
      answer(failure(thrown));
    }
  };
  // One after the other, so that the session is idle when its turn to be freed comes.
  let tail = Promise.resolve();
  port.on("message", (message: ThreadMessage) => {
    tail = tail.then(() => {
      if (message.kind === "run") return run(message);
      return runner.release().finally(() => {
        port.close();
      });
    });
  });
  answer({ kind: "ready" });
}

if (parentPort !== null) await work(parentPort, workerData as ThreadData);
