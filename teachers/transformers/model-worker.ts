import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { openSession, type AnySessionOptions, type ModelSession } from "./open-session.ts";
import type { TokenBlock } from "./pack.ts";

/** What the pool asks for. */
export interface EncodeRequest extends TokenBlock {
  kind: "encode";
  request: number;
  batch: number;
}

/** `close`: end after the block in hand; those that wait behind it are dropped. */
export type PoolMessage = EncodeRequest | { kind: "close" };

/** What the worker answers: first `ready`, then one answer per request. */
export type RowsAnswer =
  | { kind: "ready" }
  | { kind: "rows"; request: number; rows: Float32Array<ArrayBuffer> }
  | { kind: "failed"; request: number | null; error: unknown };

/** The code travels beside the message: structured clones of errors lose it. */
function describe(thrown: unknown): unknown {
  const { code } = (thrown ?? {}) as { code?: unknown };
  if (!(thrown instanceof Error)) return { code, message: String(thrown) };
  return { code, message: thrown.message, stack: thrown.stack };
}

async function work(port: MessagePort, options: AnySessionOptions): Promise<void> {
  const answer = (message: RowsAnswer, transfer: ArrayBuffer[] = []) => {
    port.postMessage(message, transfer);
  };
  let session: ModelSession;
  try {
    session = await openSession(options);
  } catch (thrown) {
    answer({ kind: "failed", request: null, error: describe(thrown) });
    return;
  }
  let closing = false;
  const encode = async ({ request, batch, ids, lengths, types }: EncodeRequest) => {
    if (closing) return;
    try {
      const rows = await session.encode({ ids, lengths, ...(types && { types }) }, batch);
      answer({ kind: "rows", request, rows }, [rows.buffer]);
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

if (parentPort !== null) await work(parentPort, workerData as AnySessionOptions);
