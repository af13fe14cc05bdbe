import { parentPort, workerData } from "node:worker_threads";
import { EncoderSession, type SessionOptions, type TokenBlock } from "./encoder-session.ts";

/** What the pool sends. */
export interface EncodeRequest extends TokenBlock {
  request: number;
  batch: number;
}

/** What the worker answers: first `ready`, then one answer per request. */
export type EncodeAnswer =
  | { kind: "ready" }
  | { kind: "vectors"; request: number; vectors: Float32Array<ArrayBuffer> }
  | { kind: "failed"; request: number | null; error: unknown };

if (parentPort !== null) {
  const port = parentPort;
  const answer = (message: EncodeAnswer, transfer: ArrayBuffer[] = []) => {
    port.postMessage(message, transfer);
  };
  // The code travels beside the message: structured clones of errors lose it.
  const describe = (thrown: unknown) => ({
    code: (thrown as { code?: unknown } | null)?.code,
    message: thrown instanceof Error ? thrown.message : String(thrown),
    stack: thrown instanceof Error ? thrown.stack : undefined,
  });
  try {
    const session = await EncoderSession.load(workerData as SessionOptions);
    port.on("message", ({ request, batch, ids, lengths }: EncodeRequest) => {
      session.encode({ ids, lengths }, batch).then(
        (vectors) => {
          answer({ kind: "vectors", request, vectors }, [vectors.buffer]);
        },
        (thrown: unknown) => {
          answer({ kind: "failed", request, error: describe(thrown) });
        },
      );
    });
    answer({ kind: "ready" });
  } catch (thrown) {
    answer({ kind: "failed", request: null, error: describe(thrown) });
  }
}
