import { setTimeout as wait } from "node:timers/promises";
import { LimbeckError } from "../errors.ts";
import type { Report } from "../types.ts";
import type { BoardState, JobBoard } from "./job-board.ts";
import { hasOutcome, labelsFileOf, listFiles, readOutcome } from "./shard-files.ts";

const countWorkers = (workers: number) => `${workers} ${workers === 1 ? "worker" : "workers"}`;

/** A shard as the collector sees it. */
export interface ExpectedShard {
  name: string;
  texts: number;
}

export interface CollectOptions {
  /** Folder of the label store. */
  root: string;
  store: string;
  shards: readonly ExpectedShard[];
  board: Pick<JobBoard, "state" | "failures">;
  /** Adds the jobs of these shards once more. */
  addAgain: (names: readonly string[]) => Promise<void>;
  signal: AbortSignal;
  report: Report;
  /** Whether all jobs have been added: a queue that is empty before that has lost nothing. */
  added: () => boolean;
  pollMs?: number;
}

/** The folder's and the queue's share of the time: looking at half a million files takes a while. */
const POLL_MS = 500;
const PAUSES_PER_LOOK = 20;
const QUEUE_LIMIT_MS = 5000;
/** Looks at an empty queue with shards still open, before these count as lost: a commit and its job's end are two steps. */
const EMPTY_LOOKS = 4;
const RATE_WINDOW_MS = 20_000;

const count = (value: number) => Math.round(value).toLocaleString("en-US");

/** Follows shards to their end. The label store says what is done, Redis only who is at it. */
export class Collector {
  /** Why shards have failed for good, by name. */
  readonly failed = new Map<string, string>();
  private readonly options: CollectOptions;
  private readonly open: Map<string, number>;
  private readonly total: number;
  private readonly samples: { at: number; done: number }[] = [];
  private done = 0;
  private workers: number | null = null;
  private silent = false;
  private emptyLooks = 0;

  constructor(options: CollectOptions) {
    this.options = options;
    this.open = new Map(options.shards.map(({ name, texts }) => [name, texts]));
    this.total = options.shards.reduce((sum, { texts }) => sum + texts, 0);
  }

  /** Resolves when every shard is done or has failed for good. @throws LimbeckError `E_ABORTED` after the signal. */
  async collect(): Promise<void> {
    const { signal, pollMs = POLL_MS } = this.options;
    for (;;) {
      const started = performance.now();
      await this.lookAtStore();
      await this.lookAtQueue();
      this.tell();
      if (this.open.size === this.failed.size) return;
      const pause = Math.max(pollMs, PAUSES_PER_LOOK * (performance.now() - started));
      await wait(Math.min(pause, 60_000), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) {
        throw new LimbeckError(
          "E_ABORTED",
          "Stopped. What is in the queue stays there and the workers go on; the same command collects it.",
        );
      }
    }
  }

  private async lookAtStore(): Promise<void> {
    const { root } = this.options;
    const files = await listFiles(root);
    for (const [name, texts] of this.open) {
      const labelled = files.labels.has(labelsFileOf(name));
      // A shard without any answer has no labels, only the reasons.
      if (!labelled && !hasOutcome(files, name)) continue;
      if (!labelled && (await readOutcome(root, name))?.rows !== 0) continue;
      this.open.delete(name);
      this.failed.delete(name);
      this.done += texts;
    }
  }

  private async lookAtQueue(): Promise<void> {
    const state = await this.ask((board) => board.state());
    if (state === null) return;
    this.tellWorkers(state);
    if (state.failed > 0) await this.lookAtFailures();
    await this.addLost(state);
  }

  private async lookAtFailures(): Promise<void> {
    const { store, report } = this.options;
    const failures =
      (await this.ask((board) => board.failures(store))) ?? new Map<string, string>();
    for (const [name, reason] of failures) {
      if (!this.open.has(name) || this.failed.has(name)) continue;
      this.failed.set(name, reason);
      const message = `a shard of ${count(this.open.get(name)!)} texts has failed for good: ${reason}`;
      report({ kind: "warning", stage: "label", message });
    }
  }

  /** A Redis that was started without its append-only file has forgotten its jobs; adding one that it has is nothing. */
  private async addLost({ open }: BoardState): Promise<void> {
    const lost = [...this.open.keys()].filter((name) => !this.failed.has(name));
    this.emptyLooks =
      open === 0 && lost.length > 0 && this.options.added() ? this.emptyLooks + 1 : 0;
    if (this.emptyLooks < EMPTY_LOOKS) return;
    this.emptyLooks = 0;
    const message = `the queue has lost ${count(lost.length)} shards, as a Redis without append-only file does: added again`;
    this.options.report({ kind: "warning", stage: "label", message });
    await this.ask(async () => {
      await this.options.addAgain(lost);
      return true;
    });
  }

  /** What the queue answers, or null where it does not: the workers may be labelling all the same. */
  private async ask<Answer>(
    question: (board: CollectOptions["board"]) => Promise<Answer>,
  ): Promise<Answer | null> {
    const { board, report } = this.options;
    const timer = new AbortController();
    const limit = wait(QUEUE_LIMIT_MS, null, { signal: timer.signal }).catch(() => null);
    const answer = await Promise.race([question(board).catch(() => null), limit]);
    timer.abort();
    if (answer === null && !this.silent) {
      const message =
        "the queue does not answer: waiting for it, and collecting what the workers commit";
      report({ kind: "warning", stage: "label", message });
    } else if (answer !== null && this.silent) {
      report({ kind: "note", stage: "label", message: "the queue is back" });
    }
    this.silent = answer === null;
    return answer;
  }

  private tellWorkers({ workers }: BoardState): void {
    if (workers === null || workers === this.workers) return;
    this.workers = workers;
    const message =
      workers === 0 ? "no worker is there: start some with limbeck worker" : countWorkers(workers);
    this.options.report({ kind: "note", stage: "label", message });
  }

  private tell(): void {
    const { shards, report } = this.options;
    const rate = this.rate();
    const who = this.workers === null ? [] : [countWorkers(this.workers)];
    const speed = rate === null ? [] : [`${count(rate)} texts/s`];
    const finished = `${count(shards.length - this.open.size)}/${count(shards.length)} shards`;
    report({
      kind: "progress",
      stage: "label",
      task: "labelling on the queue",
      done: this.done,
      total: this.total,
      unit: "texts",
      detail: [finished, ...who, ...speed].join(", "),
    });
  }

  /** Texts per second over the last twenty seconds. */
  private rate(): number | null {
    const at = performance.now();
    this.samples.push({ at, done: this.done });
    while (this.samples.length > 2 && at - this.samples[1]!.at >= RATE_WINDOW_MS)
      this.samples.shift();
    const first = this.samples[0]!;
    return at - first.at < 1000 ? null : ((this.done - first.done) / (at - first.at)) * 1000;
  }
}
