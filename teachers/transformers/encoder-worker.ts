import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { EncoderSession, type SessionOptions, type TokenBlock } from "./encoder-session.ts";

/** What the pool asks for. */
export interface EncodeRequest extends TokenBlock {
  kind: "encode";
  request: number;
  batch: number;
}

/** `close`: end after the block in hand; those that wait behind it are dropped. */
export type PoolMessage = EncodeRequest | { kind: "close" };

/** What the worker answers: first `ready`, then one answer per request. */
export type EncodeAnswer =
  | { kind: "ready" }
  | { kind: "vectors"; request: number; vectors: Float32Array<ArrayBuffer> }
  | { kind: "failed"; request: number | null; error: unknown };

/** The code travels beside the message: structured clones of errors lose it. */
function describe(thrown: unknown): unknown {
  const { code } = (thrown ?? {}) as { code?: unknown };
  if (!(thrown instanceof Error)) return { code, message: String(thrown) };
  return { code, message: thrown.message, stack: thrown.stack };
}

async function work(port: MessagePort, options: SessionOptions): Promise<void> {
  const answer = (message: EncodeAnswer, transfer: ArrayBuffer[] = []) => {
    port.postMessage(message, transfer);
  };
  let session: EncoderSession;
  try {
    session = await EncoderSession.load(options);
  } catch (thrown) {
    answer({ kind: "failed", request: null, error: describe(thrown) });
    return;
  }
  let closing = false;
  const encode = async ({ request, batch, ids, lengths }: EncodeRequest) => {
    if (closing) return;
    try {
      const vectors = await session.encode({ ids, lengths }, batch);
      answer({ kind: "vectors", request, vectors }, [vectors.buffer]);
    } catch (thrown) {
      answer({ kind: "failed", request, error: describe(thrown) });
    }
  };
  // One after the other, so that the session is idle when its turn to be freed comes.
  let tail = Promise.resolve();
  port.on("message", (message: PoolMessage) => {
    if (message.kind === "encode") {
      tail = tail.then(() => encode(message));
      return;
    }
    closing = true;
    void tail
      .then(() => session.close())
      .finally(() => {
        port.close();
      });
  });
  answer({ kind: "ready" });
}

if (parentPort !== null) await work(parentPort, workerData as SessionOptions);
