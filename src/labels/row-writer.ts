import { SHARD_TEXTS, type LabelStore } from "./label-store.ts";

/** Rows of some texts, as they come. */
export interface RowBlock {
  ids: readonly string[];
  /** `[ids.length, width]` */
  rows: Float32Array;
  /** `[ids.length, extras of the store]` */
  extras?: Float32Array;
}

/** Told of ids whose rows survive a power cut now, and how many of them had none before. */
export type OnCommit = (ids: readonly string[], added: number) => Promise<void>;

/** Rows of a slow teacher do not wait longer than this for their shard to fill: it is what a kill can lose. */
const LONGEST_WAIT = 2000;

/** Commits rows in shards while others are being computed; one commit runs at a time. */
export class RowWriter {
  private readonly store: LabelStore;
  private readonly onCommit: OnCommit;
  private waiting: RowBlock[] = [];
  private texts = 0;
  /** Whether the rows have waited long enough. */
  private due = false;
  private committing: Promise<void> | null = null;
  private failure: { thrown: unknown } | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(store: LabelStore, onCommit: OnCommit) {
    this.store = store;
    this.onCommit = onCommit;
  }

  /**
   * Takes rows over; resolves at once unless a shard is full and the one before is not written yet.
   *
   * @throws whatever an earlier commit threw.
   */
  async add(block: RowBlock): Promise<void> {
    this.requireSound();
    this.waiting.push(block);
    this.texts += block.ids.length;
    if (this.texts >= SHARD_TEXTS) await this.committing;
    this.requireSound();
    this.startIfDue();
    if (this.timer === undefined && this.texts > 0) {
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.due = true;
        this.startIfDue();
      }, LONGEST_WAIT);
      this.timer.unref();
    }
  }

  /** Commits whatever waits. @throws whatever a commit threw. */
  async drain(): Promise<void> {
    while (this.committing !== null || (this.texts > 0 && this.failure === null)) {
      this.start();
      await this.committing;
    }
    clearTimeout(this.timer);
    this.timer = undefined;
    this.requireSound();
  }

  private requireSound(): void {
    if (this.failure !== null) throw this.failure.thrown;
  }

  private startIfDue(): void {
    if (this.failure === null && (this.texts >= SHARD_TEXTS || (this.due && this.texts > 0)))
      this.start();
  }

  private start(): void {
    if (this.committing !== null) return;
    const blocks = this.waiting;
    this.waiting = [];
    this.texts = 0;
    this.due = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.committing = this.commit(blocks)
      .catch((thrown: unknown) => {
        this.failure = { thrown };
      })
      .finally(() => {
        this.committing = null;
        this.startIfDue();
      });
  }

  private async commit(blocks: readonly RowBlock[]): Promise<void> {
    const { width, extras: names } = this.store.format;
    const ids = blocks.flatMap((block) => block.ids);
    const rows = new Float32Array(ids.length * width);
    const extras = new Float32Array(ids.length * names.length).fill(NaN);
    let text = 0;
    for (const block of blocks) {
      rows.set(block.rows, text * width);
      if (block.extras !== undefined) extras.set(block.extras, text * names.length);
      text += block.ids.length;
    }
    // One whose claim was taken over for being slow must not add rows that another has by now.
    await this.store.refresh();
    const before = this.store.size;
    await this.store.append(ids, rows, extras);
    await this.onCommit(ids, this.store.size - before);
  }
}
