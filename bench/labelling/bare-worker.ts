import { InferenceSession, Tensor } from "onnxruntime-node";
import { parentPort, workerData } from "node:worker_threads";

/** What every worker sees: batches laid end to end, and the number of the next one. */
export interface BareTask {
  weights: string;
  /** Tokens of all texts. */
  ids: Int32Array;
  /** Tokens of each text. */
  lengths: Int32Array;
  /** Texts of each batch. */
  sizes: Int32Array;
  next: Int32Array;
}

const { weights, ids, lengths, sizes, next } = workerData as BareTask;
const session = await InferenceSession.create(weights, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
});

/** Inputs of every batch, padded: made before the clock starts. */
const feeds: Record<string, Tensor>[] = [];
let text = 0;
let token = 0;
for (const size of sizes) {
  const group = lengths.subarray(text, text + size);
  const length = Math.max(...group);
  const padded = new BigInt64Array(size * length);
  const mask = new BigInt64Array(size * length);
  group.forEach((own, row) => {
    for (let position = 0; position < own; position += 1) {
      padded[row * length + position] = BigInt(ids[token + position]!);
      mask[row * length + position] = 1n;
    }
    token += own;
  });
  text += size;
  const shape = [size, length];
  feeds.push({
    input_ids: new Tensor("int64", padded, shape),
    attention_mask: new Tensor("int64", mask, shape),
    token_type_ids: new Tensor("int64", new BigInt64Array(size * length), shape),
  });
}
await session.run(feeds[0]!);

parentPort!.on("message", (what) => {
  if (what === "end") {
    void session.release().then(() => {
      parentPort!.close();
    });
    return;
  }
  void (async () => {
    for (let batch = Atomics.add(next, 0, 1); batch < feeds.length; batch = Atomics.add(next, 0, 1))
      await session.run(feeds[batch]!);
    parentPort!.postMessage("done");
  })();
});
parentPort!.postMessage("ready");
