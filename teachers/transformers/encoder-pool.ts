import type { Worker } from "node:worker_threads";
import { LimbeckError, type ErrorCode } from "../../src/errors.ts";
import type { SessionOptions, TokenBlock } from "./encoder-session.ts";
import type { EncodeAnswer, PoolMessage } from "./encoder-worker.ts";
import { teacherError } from "./model-folder.ts";
import { startEncoderWorker } from "./start-worker.ts";

type Vectors = Float32Array<ArrayBuffer>;

interface Waiting {
  resolve(vectors: Vectors): void;
  reject(reason: unknown): void;
}

interface Seat {
  worker: Worker;
  waiting: Map<number, Waiting>;
  ready: Promise<void>;
  ended: Promise<void>;
  /** Why the worker takes no more work: asked of a dead one, an answer would never come. */
  failure: Error | null;
}

function revive(error: unknown): Error {
  const { code, message, stack } = error as { code?: ErrorCode; message: string; stack?: string };
  if (code?.startsWith("E_")) return new LimbeckError(code, message);
  const bug = new Error(message);
  if (stack !== undefined) bug.stack = stack;
  return bug;
}

/** Encoders in worker threads, one session on one thread each: `run()` blocks the event loop that it is called on. */
export class EncoderPool {
  private readonly seats: Seat[];
  private readonly batch: number;
  private readonly folder: string;
  private requests = 0;
  private closing = false;

  private constructor(options: SessionOptions, workers: number, batch: number) {
    this.folder = options.folder;
    this.batch = batch;
    this.seats = Array.from({ length: workers }, () => this.start(options));
  }

  /** @throws LimbeckError `E_TEACHER` when the model does not load. */
  static async open(options: SessionOptions, workers: number, batch: number): Promise<EncoderPool> {
    const pool = new EncoderPool(options, workers, batch);
    try {
      await Promise.all(pool.seats.map(({ ready }) => ready));
    } catch (thrown) {
      await pool.close();
      throw thrown;
    }
    return pool;
  }

  /** `[texts, D]`, computed by the worker with the least to do. The block's arrays are handed over. */
  encode({ ids, lengths }: TokenBlock): Promise<Vectors> {
    const seat = this.seats.reduce((best, other) =>
      other.waiting.size < best.waiting.size ? other : best,
    );
    const failure = this.seats.find((one) => one.failure !== null)?.failure;
    if (failure) return Promise.reject(failure);
    const request = this.requests;
    this.requests += 1;
    return new Promise((resolve, reject) => {
      seat.waiting.set(request, { resolve, reject });
      const message: PoolMessage = { kind: "encode", request, batch: this.batch, ids, lengths };
      seat.worker.postMessage(message, [ids.buffer, lengths.buffer] as ArrayBuffer[]);
    });
  }

  /**
   * Ends the threads and rejects what waits. A thread ends itself, after the block in hand: terminating it while ONNX
   * Runtime is at work in it aborts the whole process.
   */
  async close(): Promise<void> {
    this.closing = true;
    const reason = new LimbeckError("E_ABORTED", "The teacher was closed while it was at work.");
    for (const seat of this.seats) {
      rejectAll(seat, reason);
      const message: PoolMessage = { kind: "close" };
      seat.worker.postMessage(message);
    }
    await Promise.all(this.seats.map(({ ended }) => ended));
  }

  private start(options: SessionOptions): Seat {
    const worker = startEncoderWorker(options);
    const waiting = new Map<number, Waiting>();
    const ended = new Promise<void>((resolve) => {
      worker.once("exit", () => {
        resolve();
      });
    });
    const seat: Seat = { worker, waiting, ended, ready: Promise.resolve(), failure: null };
    seat.ready = new Promise<void>((resolve, reject) => {
      const fail = (reason: Error) => {
        reject(reason);
        rejectAll(seat, reason);
      };
      worker.on("message", (answer: EncodeAnswer) => {
        if (answer.kind === "ready") resolve();
        else if (answer.kind === "vectors") take(waiting, answer.request)?.resolve(answer.vectors);
        else if (answer.request === null) fail(revive(answer.error));
        else take(waiting, answer.request)?.reject(revive(answer.error));
      });
      worker.on("error", fail);
      worker.on("exit", (status) => {
        if (this.closing || seat.failure !== null) return;
        const end = `its end with status ${status}`;
        fail(teacherError(this.folder, "the encoder's worker to go on", end));
      });
    });
    // Whoever opens the pool awaits it; a failure after that reaches those who wait for vectors.
    seat.ready.catch(() => undefined);
    return seat;
  }
}

/** Tells all who wait, and all who will ask. */
function rejectAll(seat: Seat, reason: Error): void {
  seat.failure = reason;
  for (const one of seat.waiting.values()) one.reject(reason);
  seat.waiting.clear();
}

function take(waiting: Map<number, Waiting>, request: number): Waiting | undefined {
  const found = waiting.get(request);
  waiting.delete(request);
  return found;
}
