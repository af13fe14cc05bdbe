// Bare ONNX Runtime: the same file on the same tokenized, sorted blocks, with as many one-thread sessions.
import { readFile } from "node:fs/promises";
import type { Worker } from "node:worker_threads";
import { startThread } from "../../src/platform/spawn.ts";
import { cutBatches, PASS_TOKENS } from "../../teachers/transformers/batches.ts";
import { CHUNK_TEXTS, makeBlocks } from "../../teachers/transformers/blocks.ts";
import { loadTextEncoder } from "../../teachers/transformers/text-encoder.ts";
import { answerLines } from "../training/answer-lines.ts";
import type { BareTask } from "./bare-worker.ts";
import { MODEL } from "./model.ts";
import type { LabellingTexts } from "./texts.ts";

interface Request {
  path: string;
  cores: number;
  batch: number;
}

/** The batches of all blocks, laid end to end in shared memory. */
async function layDown({ path, batch }: Request): Promise<Omit<BareTask, "weights">> {
  const { texts, maxLength } = JSON.parse(await readFile(path, "utf8")) as LabellingTexts;
  const encode = await loadTextEncoder(MODEL, maxLength);
  const batches: { lengths: Int32Array; ids: Int32Array }[] = [];
  for (let chunk = 0; chunk < texts.length; chunk += CHUNK_TEXTS) {
    for (const block of makeBlocks(texts.slice(chunk, chunk + CHUNK_TEXTS), encode))
      batches.push(...cutBatches(block, { texts: batch, tokens: PASS_TOKENS }));
  }
  const share = (arrays: readonly Int32Array[]): Int32Array => {
    const all = new Int32Array(
      new SharedArrayBuffer(4 * arrays.reduce((sum, { length }) => sum + length, 0)),
    );
    let offset = 0;
    for (const array of arrays) {
      all.set(array, offset);
      offset += array.length;
    }
    return all;
  };
  return {
    ids: share(batches.map(({ ids }) => ids)),
    lengths: share(batches.map(({ lengths }) => lengths)),
    sizes: share([Int32Array.from(batches, ({ lengths }) => lengths.length)]),
    next: new Int32Array(new SharedArrayBuffer(4)),
  };
}

const message = (worker: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });

async function runAll(request: Request): Promise<object> {
  const task: BareTask = {
    ...(await layDown(request)),
    weights: `${MODEL}/onnx/model_quantized.onnx`,
  };
  const workers = Array.from({ length: request.cores }, () =>
    startThread(import.meta.url, "./bare-worker", { workerData: task }),
  );
  await Promise.all(workers.map(message));
  const started = performance.now();
  const done = workers.map(message);
  for (const worker of workers) worker.postMessage("go");
  await Promise.all(done);
  const seconds = (performance.now() - started) / 1000;
  for (const worker of workers) worker.postMessage("end");
  await Promise.all(
    workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve))),
  );
  return { seconds, texts: task.lengths.length };
}

await answerLines((request) => runAll(request as unknown as Request));
