import type { IdentifiedText } from "../types.ts";
import { IdIndex } from "./id-index.ts";
import type { LabelStore } from "./label-store.ts";
import { RANGES, rangeOf } from "./ranges.ts";
import type { WorkShare } from "./share-work.ts";

/** Texts that are claimed together: a second or so of work, little enough to be shared to the end. */
const GROUP_TEXTS = 2048;
const SMALLEST_GROUP = 64;
/** The first group is small and each is twice the one before, so that a teacher has work while the rest is claimed. */
const FIRST_GROUP = 256;
/** A small corpus is divided into at least so many groups, that two slow processes may both have some. */
const GROUPS = 8;

export interface PlanOptions {
  texts: readonly IdentifiedText[];
  store: LabelStore;
  /** Whether a range's texts all go through the teacher together, those with a row included, sorted by id. */
  fixed: boolean;
  /** Range to begin with: 0 to 255. */
  start: number;
  /** Texts that are not handed out though they have no row, asked for after their ranges were claimed. */
  leaveOut?: () => Promise<ReadonlySet<string>>;
}

/** In which order the texts that a store lacks are handed to a teacher: range of ids after range. */
export class LabellingPlan {
  /** Texts that had no row when the plan was made. */
  readonly total: number;
  private readonly options: PlanOptions;
  /** Positions of the distinct texts, range after range. */
  private readonly order: Uint32Array;
  /** Where each range begins in the order. */
  private readonly offsets = new Uint32Array(RANGES + 1);
  /** Texts that we have handed out: a teacher is asked once, even where no answer comes. */
  private readonly asked: Uint8Array;
  /** Ranges in which a text may still be to be done. */
  private readonly open: Set<number>;
  private readonly groupTexts: number;

  constructor(options: PlanOptions) {
    this.options = options;
    const { texts, store } = options;
    const distinct = distinctPositions(texts);
    for (const position of distinct) this.offsets[rangeOf(texts[position]!.id) + 1]! += 1;
    for (let range = 0; range < RANGES; range += 1)
      this.offsets[range + 1]! += this.offsets[range]!;
    const next = this.offsets.slice();
    this.order = new Uint32Array(distinct.length);
    for (const position of distinct) {
      const range = rangeOf(texts[position]!.id);
      this.order[next[range]!] = position;
      next[range]! += 1;
    }
    this.asked = new Uint8Array(texts.length);
    this.total = distinct.reduce((sum, at) => sum + (store.has(texts[at]!.id) ? 0 : 1), 0);
    this.open = new Set(Array.from({ length: RANGES }, (_, range) => range));
    this.groupTexts = Math.min(
      GROUP_TEXTS,
      Math.max(SMALLEST_GROUP, Math.ceil(this.total / GROUPS)),
    );
  }

  /** Whether every text has a row or was handed out. */
  get finished(): boolean {
    for (const range of this.open) {
      if (this.missingIn(range).length > 0) return false;
      this.open.delete(range);
    }
    return true;
  }

  /** Once around all ranges: hands out what nobody else has claimed. */
  async *round(share: WorkShare, signal: AbortSignal): AsyncGenerator<IdentifiedText> {
    let group: number[] = [];
    let size = Math.min(FIRST_GROUP, this.groupTexts);
    for (let step = 0; step < RANGES && !signal.aborted; step += 1) {
      const range = (this.options.start + step) % RANGES;
      const missing = this.open.has(range) ? this.missingIn(range) : [];
      if (missing.length === 0) this.open.delete(range);
      else group = group.concat(missing);
      if (group.length < size && (step < RANGES - 1 || group.length === 0)) continue;
      yield* this.handOut(group, share, signal);
      group = [];
      size = Math.min(2 * size, this.groupTexts);
    }
  }

  private async *handOut(
    group: readonly number[],
    share: WorkShare,
    signal: AbortSignal,
  ): AsyncGenerator<IdentifiedText> {
    const { texts, fixed, leaveOut } = this.options;
    const taken = await share.take(group.map((position) => ({ ...texts[position]!, position })));
    for (const { position } of taken.mine) this.asked[position] = 1;
    const out = (taken.mine.length > 0 ? await leaveOut?.() : undefined) ?? new Set<string>();
    const mine = taken.mine.filter(({ id }) => !out.has(id));
    await share.finish(taken.mine.filter(({ id }) => out.has(id)).map(({ id }) => id));
    if (!fixed) {
      for (const { position } of mine) {
        if (signal.aborted) return;
        yield texts[position]!;
      }
      return;
    }
    const wanted = new Set(mine.map(({ position }) => position));
    for (const range of new Set(mine.map(({ id }) => rangeOf(id)))) {
      const whole = [...this.positionsIn(range)].sort((a, b) =>
        texts[a]!.id < texts[b]!.id ? -1 : 1,
      );
      for (const position of whole)
        yield wanted.has(position) ? texts[position]! : { ...texts[position]!, known: true };
    }
  }

  private positionsIn(range: number): Uint32Array {
    return this.order.subarray(this.offsets[range], this.offsets[range + 1]);
  }

  private missingIn(range: number): number[] {
    const { texts, store } = this.options;
    const missing: number[] = [];
    for (const position of this.positionsIn(range))
      if (this.asked[position] === 0 && !store.has(texts[position]!.id)) missing.push(position);
    return missing;
  }
}

/** Positions of the first text of each id. */
function distinctPositions(texts: readonly IdentifiedText[]): Uint32Array {
  const index = new IdIndex();
  const positions = new Uint32Array(texts.length);
  for (const [position, { id }] of texts.entries()) {
    const { size } = index;
    if (index.add(id) === size) positions[size] = position;
  }
  return positions.subarray(0, index.size);
}
