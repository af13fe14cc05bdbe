import { join } from "node:path";
import { JOURNAL } from "./journal.ts";
import { namesIn, readJournal } from "./ledger.ts";
import type { LabelStore } from "./label-store.ts";

/** How many texts have an answer in a journal and no row yet: of a labelling that is at work, or was cut off. */
export async function countJournalled(store: LabelStore): Promise<number> {
  const waiting = new Set<string>();
  for (const name of await namesIn(store.root)) {
    if (!JOURNAL.test(name)) continue;
    for (const { id, logits } of (await readJournal(join(store.root, name)))?.entries ?? [])
      if (logits !== undefined && !store.has(id)) waiting.add(id);
  }
  return waiting.size;
}
