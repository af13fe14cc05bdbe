import { LimbeckError } from "../errors.ts";
import type { IdentifiedText, Teacher } from "../types.ts";
import type { ClaimTimes } from "./claims.ts";
import { labelRow } from "./label-rows.ts";
import { foldJournals } from "./fold-journals.ts";
import type { LabelStore } from "./label-store.ts";
import { LabellingPlan } from "./labelling-plan.ts";
import { AsideTexts } from "./aside-texts.ts";
import { RANGES } from "./ranges.ts";
import { RowWriter } from "./row-writer.ts";
import { WorkShare } from "./share-work.ts";

export interface LabelTextsOptions {
  teacher: Teacher;
  store: LabelStore;
  texts: readonly IdentifiedText[];
  signal: AbortSignal;
  /** Told after every shard: how many texts are on disk of those that were missing, whoever labelled them. */
  progress: (done: number, total: number) => void;
  /** Whether texts that were set aside earlier are asked about again. Default: no. */
  retrySetAside?: boolean;
  /** How long claims last; the defaults are right but for tests. */
  times?: Partial<ClaimTimes>;
  /** Range of ids to begin with, 0 to 255. Default: by chance, so that processes which start together meet late. */
  start?: number;
}

export interface LabellingResult {
  /** Texts that were labelled now, by this process. */
  computed: number;
  /** Texts that the teacher has no usable answer for, how many by reason. */
  setAside: Record<string, number>;
}

/**
 * Has the teacher label the texts that the store lacks and commits its answers shard by shard. Processes that label the
 * same texts into the same store at once share them: each text is asked by one. Whatever stops it, the answers that came
 * are committed first.
 *
 * @throws LimbeckError `E_ABORTED` after the signal; `E_DISK`; whatever the teacher throws.
 */
export async function labelTexts(options: LabelTextsOptions): Promise<LabellingResult> {
  const { teacher, store, texts, signal } = options;
  await foldJournals(store);
  const start = options.start ?? Math.floor(Math.random() * RANGES);
  const aside = new AsideTexts(options);
  const fixed = teacher.plan === "fixed";
  const leaveOut = () => aside.known();
  const plan = new LabellingPlan({ texts, store, fixed, start, leaveOut });
  if (plan.total === 0) return { computed: 0, setAside: {} };
  const share = await WorkShare.open(store, options.times);
  const labelling = new Labelling(options, { plan, share, aside });
  try {
    while (!plan.finished) {
      if (await labelling.round()) continue;
      await share.pause(signal);
      if (signal.aborted) throw new LimbeckError("E_ABORTED", "Stopped while labelling.");
    }
  } finally {
    await share.close();
    await foldJournals(store);
  }
  return { computed: labelling.computed, setAside: aside.counts() };
}

/** What one call of labelTexts has done so far. */
class Labelling {
  computed = 0;
  private readonly options: LabelTextsOptions;
  private readonly plan: LabellingPlan;
  private readonly share: WorkShare;
  private readonly aside: AsideTexts;
  private readonly before: number;

  constructor(
    options: LabelTextsOptions,
    { plan, share, aside }: { plan: LabellingPlan; share: WorkShare; aside: AsideTexts },
  ) {
    this.options = options;
    this.plan = plan;
    this.share = share;
    this.aside = aside;
    this.before = options.store.size;
  }

  /** Labels what nobody else has claimed, to the last answer. @returns whether there was anything. */
  async round(): Promise<boolean> {
    const { teacher, signal, store } = this.options;
    const texts = this.plan.round(this.share, signal);
    const first = await texts.next();
    if (first.done) return false;
    const writer = new RowWriter(store, (ids, added) => this.committed(ids, added));
    try {
      for await (const answer of teacher.label(prepend(first.value, texts), signal)) {
        if ("reason" in answer) await this.putAside(answer.id, answer.reason);
        else await writer.add(labelRow(answer, store.format));
      }
    } finally {
      await writer.drain();
    }
    // A text that the teacher has left out is nobody's any more.
    await this.share.giveUp();
    return true;
  }

  private async committed(ids: readonly string[], added: number): Promise<void> {
    const { store, progress } = this.options;
    this.computed += added;
    const { total } = this.plan;
    progress(Math.min(total, store.size - this.before), total);
    await this.share.finish(ids);
  }

  private async putAside(id: string, reason: string): Promise<void> {
    this.aside.add(id, reason);
    await this.share.finish([id]);
  }
}

async function* prepend(
  first: IdentifiedText,
  rest: AsyncGenerator<IdentifiedText>,
): AsyncGenerator<IdentifiedText> {
  yield first;
  yield* rest;
}
