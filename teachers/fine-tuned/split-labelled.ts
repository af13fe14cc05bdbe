import { splitFold, stratifiedFolds } from "../../src/math/folds.ts";
import type { LabelledText } from "../../src/types.ts";

/** What is learned from, and what tells when to stop. */
export interface LabelledSplit {
  training: LabelledText[];
  /** Chooses the best epoch, is never learned from; empty where nothing can be spared. */
  heldOut: LabelledText[];
  /** Where the held-out texts come from: the recipe's validation split, the labelled texts, or nowhere. */
  from: "validation" | "labelled" | "none";
}

export interface SplitOptions {
  labelled: readonly LabelledText[];
  validation: readonly LabelledText[];
  /** Share of the labelled texts to hold out, 0 to 0.5. */
  holdOut: number;
  seed: number;
}

/** Each text once, in the order of the ids: what is trained then does not depend on the order of the file. */
function sortDistinct(texts: readonly LabelledText[]): LabelledText[] {
  const byId = new Map(texts.map((text) => [text.id, text]));
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Holds out one of `round(1 / holdOut)` stratified folds of the labelled texts, or the recipe's validation texts where
 * it has some; no class loses its only text. Where no class has two texts, or `holdOut` is 0, nothing is held out.
 */
export function splitLabelled({
  labelled,
  validation,
  holdOut,
  seed,
}: SplitOptions): LabelledSplit {
  const gold = sortDistinct(validation);
  if (gold.length > 0) {
    const ids = new Set(gold.map(({ id }) => id));
    const training = sortDistinct(labelled).filter(({ id }) => !ids.has(id));
    return { training, heldOut: gold, from: "validation" };
  }
  const all = sortDistinct(labelled);
  if (holdOut === 0) return { training: all, heldOut: [], from: "none" };
  const labels = all.map(({ label }) => label);
  const parts = splitFold(stratifiedFolds(labels, Math.round(1 / holdOut), seed), 0);
  if (parts.heldOut.length === 0) return { training: all, heldOut: [], from: "none" };
  const take = (rows: readonly number[]) => rows.map((row) => all[row]!);
  return { training: take(parts.training), heldOut: take(parts.heldOut), from: "labelled" };
}
