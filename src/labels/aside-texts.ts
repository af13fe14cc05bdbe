import type { IdentifiedText, TextId } from "../types.ts";
import type { LabelStore } from "./label-store.ts";
import { readSetAside } from "./ledger.ts";

export interface AsideOptions {
  store: LabelStore;
  texts: readonly IdentifiedText[];
  /** Whether those that were set aside before now are asked about again. */
  retrySetAside?: boolean;
}

/** Texts that a teacher has no usable answer for: those of this call, and those that the store's ledger names. */
export class AsideTexts {
  private readonly reasons = new Map<TextId, string>();
  private readonly options: AsideOptions;
  private readonly before: Promise<ReadonlyMap<TextId, string>> | null;

  constructor(options: AsideOptions) {
    this.options = options;
    this.before = options.retrySetAside === true ? readSetAside(options.store.root) : null;
  }

  add(id: TextId, reason: string): void {
    this.reasons.set(id, reason);
  }

  /** Texts that are not to be asked about, as far as is known now: another process may have set some aside since. */
  async known(): Promise<ReadonlySet<TextId>> {
    const before = await this.before;
    for (const [id, reason] of await readSetAside(this.options.store.root))
      if (before?.has(id) !== true) this.reasons.set(id, reason);
    return new Set(this.reasons.keys());
  }

  /** How many of the texts have no row for which reason. */
  counts(): Record<string, number> {
    const { store, texts } = this.options;
    const counts: Record<string, number> = {};
    for (const id of new Set(texts.map((text) => text.id))) {
      const reason = this.reasons.get(id);
      if (reason !== undefined && !store.has(id)) counts[reason] = (counts[reason] ?? 0) + 1;
    }
    return counts;
  }
}
