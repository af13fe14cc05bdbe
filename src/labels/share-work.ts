import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { IdentifiedText } from "../types.ts";
import { Claims, type ClaimTimes } from "./claims.ts";
import { foldJournals } from "./fold-journals.ts";
import type { LabelStore } from "./label-store.ts";
import { nameOfRange, rangeOf } from "./ranges.ts";

/** Texts by who is to do them. */
export interface Taken<Text> {
  /** Ours to do: they have no row, and their range is claimed by us. */
  mine: Text[];
  /** They have a row. */
  present: Text[];
  /** Somebody is at it: another process, or we ourselves since an earlier call. */
  others: Text[];
}

/** Longest wait between two looks at what others have done, in milliseconds. */
const LONGEST_WAIT = 1000;

/**
 * This process's share of the texts that a store lacks. What is taken is claimed by ranges of ids until it is finished, so
 * that processes which work at the same store at once do no text twice, whatever their texts are and however they meet.
 *
 * Whoever waits for others must first finish what it has taken: else two could wait for each other.
 */
export class WorkShare {
  private readonly store: LabelStore;
  private readonly claims: Claims;
  private readonly poll: number;
  private delay: number;
  /** Texts that were taken and are not finished, and how many by range. */
  private readonly taken = new Set<string>();
  private readonly counts = new Map<number, number>();

  private constructor(store: LabelStore, claims: Claims, poll: number) {
    this.store = store;
    this.claims = claims;
    this.poll = poll;
    this.delay = poll;
  }

  static async open(store: LabelStore, times: Partial<ClaimTimes> = {}): Promise<WorkShare> {
    const claims = await Claims.open(join(store.root, "claims"), times);
    return new WorkShare(store, claims, times.poll ?? 50);
  }

  /**
   * Claims the ranges of the texts that have no row, as far as nobody else has.
   *
   * @throws LimbeckError `E_DISK`
   */
  async take<Text extends IdentifiedText>(texts: readonly Text[]): Promise<Taken<Text>> {
    const missing = texts.filter(({ id }) => !this.store.has(id) && !this.taken.has(id));
    const wanted = [...new Set(missing.map(({ id }) => rangeOf(id)))];
    const claimed = new Set(await this.claims.claim(wanted.map(nameOfRange)));
    // Only now: a row that was committed before its range was released is seen for certain.
    // A holder that has died may have left answers in its journal.
    if (missing.length > 0) {
      await foldJournals(this.store);
      await this.store.refresh();
    }
    const result: Taken<Text> = { mine: [], present: [], others: [] };
    for (const text of texts) {
      const range = rangeOf(text.id);
      if (this.store.has(text.id)) result.present.push(text);
      else if (this.taken.has(text.id) || !claimed.has(nameOfRange(range)))
        result.others.push(text);
      else {
        result.mine.push(text);
        this.taken.add(text.id);
        this.counts.set(range, (this.counts.get(range) ?? 0) + 1);
      }
    }
    await this.claims.release(wanted.filter((range) => !this.counts.has(range)).map(nameOfRange));
    if (result.mine.length + result.present.length > 0) this.delay = this.poll;
    return result;
  }

  /** Tells that texts have their rows, or will have none. */
  async finish(ids: Iterable<string>): Promise<void> {
    const free: string[] = [];
    for (const id of ids) {
      if (!this.taken.delete(id)) continue;
      const range = rangeOf(id);
      const left = this.counts.get(range)! - 1;
      if (left > 0) this.counts.set(range, left);
      else if (this.counts.delete(range)) free.push(nameOfRange(range));
    }
    await this.claims.release(free);
  }

  /** Gives up whatever was taken and is not finished. */
  async giveUp(): Promise<void> {
    await this.finish([...this.taken]);
  }

  /** Waits a while for others, longer each time in which nothing has come; not beyond the signal. */
  async pause(signal: AbortSignal): Promise<void> {
    await wait(this.delay, undefined, { signal }).catch(() => undefined);
    this.delay = Math.min(LONGEST_WAIT, this.delay * 1.5);
  }

  /** Gives everything up for good. */
  async close(): Promise<void> {
    this.taken.clear();
    this.counts.clear();
    await this.claims.close();
  }
}
