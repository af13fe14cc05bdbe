import type { Worker } from "node:worker_threads";
import { LimbeckError, type ErrorCode } from "../../src/errors.ts";
import { teacherError } from "./model-folder.ts";
import type { PoolMessage, RowsAnswer } from "./model-worker.ts";
import type { AnySessionOptions } from "./open-session.ts";
import type { TokenBlock } from "./pack.ts";
import { startModelWorker } from "./start-worker.ts";

type Rows = Float32Array<ArrayBuffer>;

interface Waiting {
  resolve(rows: Rows): void;
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

/** A model in worker threads, one session on one thread each: `run()` blocks the event loop that it is called on. */
export class ModelPool {
  private readonly seats: Seat[];
  private readonly batch: number;
  private readonly folder: string;
  private requests = 0;
  private closing = false;

  private constructor(options: AnySessionOptions, workers: number, batch: number) {
    this.folder = options.folder;
    this.batch = batch;
    this.seats = Array.from({ length: workers }, () => this.start(options));
  }

  /** @throws LimbeckError `E_TEACHER` when the model does not load. */
  static async open(
    options: AnySessionOptions,
    workers: number,
    batch: number,
  ): Promise<ModelPool> {
    const pool = new ModelPool(options, workers, batch);
    try {
      await Promise.all(pool.seats.map(({ ready }) => ready));
    } catch (thrown) {
      await pool.close();
      throw thrown;
    }
    return pool;
  }

  /** `[texts, D]` or `[texts, C]`, computed by the worker with the least to do. The block's arrays are handed over. */
  encode({ ids, lengths, types }: TokenBlock): Promise<Rows> {
    const seat = this.seats.reduce((best, other) =>
      other.waiting.size < best.waiting.size ? other : best,
    );
    const failure = this.seats.find((one) => one.failure !== null)?.failure;
    if (failure) return Promise.reject(failure);
    const request = this.requests;
    this.requests += 1;
    return new Promise((resolve, reject) => {
      seat.waiting.set(request, { resolve, reject });
      const block: TokenBlock = { ids, lengths, ...(types && { types }) };
      const message: PoolMessage = { kind: "encode", request, batch: this.batch, ...block };
      const arrays = Object.values(block) as Int32Array<ArrayBuffer>[];
      seat.worker.postMessage(
        message,
        arrays.map(({ buffer }) => buffer),
      );
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

  private start(options: AnySessionOptions): Seat {
    const worker = startModelWorker(options);
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
      worker.on("message", (answer: RowsAnswer) => {
        if (answer.kind === "ready") resolve();
        else if (answer.kind === "rows") take(waiting, answer.request)?.resolve(answer.rows);
        else if (answer.request === null) fail(revive(answer.error));
        else take(waiting, answer.request)?.reject(revive(answer.error));
      });
      worker.on("error", fail);
      worker.on("exit", (status) => {
        if (this.closing || seat.failure !== null) return;
        const end = `its end with status ${status}`;
        fail(teacherError(this.folder, "the model's worker to go on", end));
      });
    });
    // Whoever opens the pool awaits it; a failure after that reaches those who wait for rows.
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
