import type { Worker } from "node:worker_threads";
import { EngineError } from "../errors.ts";
import type { EngineErrorCode } from "../errors.ts";
import type { RunMessage, ShardLoss, ThreadAnswer, ThreadMessage } from "./protocol.ts";

interface Waiting {
  resolve(losses: ShardLoss[]): void;
  reject(reason: Error): void;
}

/** A thread that runs shards, seen from the calling thread. It does not keep the process alive while it is idle. */
export class ShardThread {
  private readonly worker: Worker;
  private readonly ended: Promise<void>;
  private waiting: Waiting | null = null;
  /** Why the thread takes no more work: asked of a dead one, an answer would never come. */
  private failure: Error | null = null;

  private constructor(worker: Worker) {
    this.worker = worker;
    this.ended = new Promise((resolve) => {
      worker.once("exit", (status) => {
        this.fail(`Expected a thread for shards to go on, got its end with status ${status}.`);
        resolve();
      });
    });
    worker.on("error", (error: Error) => {
      this.fail(
        `Expected a thread for shards to go on, got its end by an error: ${error.message}.`,
      );
    });
    worker.on("messageerror", (error) => {
      this.fail(`Expected an answer of a thread for shards, got one damaged: ${error.message}.`);
    });
    worker.on("message", (answer: ThreadAnswer) => {
      const { waiting } = this;
      this.waiting = null;
      worker.unref();
      if (answer.kind === "failed") waiting?.reject(revive(answer));
      else waiting?.resolve(answer.kind === "done" ? answer.losses : []);
    });
  }

  /**
   * Waits until the thread's session is ready.
   *
   * @throws EngineError `E_WORKER` if the thread fails or ends before that.
   */
  static async open(worker: Worker): Promise<ShardThread> {
    const thread = new ShardThread(worker);
    await thread.answer();
    return thread;
  }

  /**
   * One run of the tasks, one after the other.
   *
   * @throws EngineError `E_WORKER` with the thread's message if it fails or ends; the next run fails too if it ended.
   */
  async run(message: Omit<RunMessage, "kind">): Promise<ShardLoss[]> {
    if (this.failure) throw this.failure;
    this.worker.ref();
    this.post({ kind: "run", ...message });
    return this.answer();
  }

  /** Ends the thread. It ends itself: terminated inside ONNX Runtime, it would abort the whole process. */
  async close(): Promise<void> {
    this.worker.ref();
    this.post({ kind: "close" });
    await this.ended;
  }

  private post(message: ThreadMessage): void {
    this.worker.postMessage(message);
  }

  private answer(): Promise<ShardLoss[]> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  private fail(message: string): void {
    this.failure ??= new EngineError(
      "E_WORKER",
      `${message} Start again from the last saved state.`,
    );
    this.waiting?.reject(this.failure);
    this.waiting = null;
  }
}

function revive({ code, message }: { code: string | undefined; message: string }): EngineError {
  if (code?.startsWith("E_")) return new EngineError(code as EngineErrorCode, message);
  return new EngineError("E_WORKER", `Expected a thread to run its shard, got: ${message}`);
}
