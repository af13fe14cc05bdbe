import { LimbeckError } from "../errors.ts";
import { argmax, logSoftmax } from "../math/softmax.ts";
import type { OpenedStore } from "./open-store.ts";
import { reorderColumns } from "./reorder-columns.ts";

/** A text that two teachers see differently. */
export interface Disagreement {
  id: string;
  /** What each takes for likeliest, and how likely. */
  a: { label: string; probability: number };
  b: { label: string; probability: number };
  /** Half the sum of the differences of the probabilities: 0 the same, 1 nothing in common. */
  distance: number;
}

export interface ClassComparison {
  label: string;
  /** Texts that A takes for this class. */
  texts: number;
  /** Share of them that B takes for another one, 0 to 1. */
  disagreement: number;
  /** What B mostly says of those; null where they agree on all. */
  instead: string | null;
}

export interface StoreComparison {
  common: number;
  onlyA: number;
  onlyB: number;
  /** Share of the common texts with the same likeliest class. */
  agreement: number;
  /** Mean of KL(A ‖ B) = Σ p log(p / q), nats. */
  divergence: number;
  /** Mean total variation, ½ Σ |p − q|, 0 to 1. */
  variation: number;
  /** By the class that A says, the one that they disagree on most first. */
  classes: ClassComparison[];
  /** The texts with the largest total variation, the largest first. */
  texts: Disagreement[];
}

function classNames({ store, description }: OpenedStore): string[] {
  const { labels } = description;
  if (Array.isArray(labels)) return labels.map(String);
  throw new LimbeckError(
    "E_STORE",
    `Expected a store of labels, got one of an encoder's vectors, ${store.root}. Name the stores of two teachers.`,
  );
}

function requireSameClasses(a: readonly string[], b: readonly string[]): void {
  const only = (these: readonly string[], others: readonly string[]) => {
    const names = these.filter((name) => !others.includes(name));
    return names.length === 0
      ? "none"
      : names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  };
  if (a.length === b.length && a.every((name) => b.includes(name))) return;
  throw new LimbeckError(
    "E_STORE",
    `Expected two teachers of the same classes, got ${a.length} and ${b.length}: ` +
      `only A has ${only(a, b)}; only B has ${only(b, a)}. Compare stores of one set of classes.`,
  );
}

/** The texts with the largest distance so far. */
class Worst {
  readonly found: Disagreement[] = [];
  private readonly count: number;

  constructor(count: number) {
    this.count = count;
  }

  /** Whether a text of this distance would be among them. */
  wants(distance: number): boolean {
    if (this.count === 0 || distance === 0) return false;
    return this.found.length < this.count || distance > this.found.at(-1)!.distance;
  }

  add(one: Disagreement): void {
    const at = this.found.findIndex(({ distance }) => distance < one.distance);
    this.found.splice(at < 0 ? this.found.length : at, 0, one);
    if (this.found.length > this.count) this.found.pop();
  }
}

class Comparison {
  private readonly labels: readonly string[];
  /** Texts by A's class and B's, `[C, C]`. */
  private readonly confusion: Float64Array;
  private readonly worst: Worst;
  private common = 0;
  private divergence = 0;
  private variation = 0;

  constructor(labels: readonly string[], texts: number) {
    this.labels = labels;
    this.confusion = new Float64Array(labels.length ** 2);
    this.worst = new Worst(texts);
  }

  add(id: string, a: Float32Array, b: Float32Array): void {
    const [p, q] = [logSoftmax(a), logSoftmax(b)];
    let divergence = 0;
    let variation = 0;
    for (let index = 0; index < p.length; index += 1) {
      const [logP, logQ] = [p[index]!, q[index]!];
      divergence += Math.exp(logP) * (logP - logQ);
      variation += Math.abs(Math.exp(logP) - Math.exp(logQ)) / 2;
    }
    const [bestA, bestB] = [argmax(a), argmax(b)];
    this.common += 1;
    this.divergence += divergence;
    this.variation += variation;
    const { labels } = this;
    this.confusion[bestA * labels.length + bestB]! += 1;
    if (!this.worst.wants(variation)) return;
    const shown = (best: number, logs: Float32Array) => ({
      label: labels[best]!,
      probability: Math.exp(logs[best]!),
    });
    this.worst.add({ id, a: shown(bestA, p), b: shown(bestB, q), distance: variation });
  }

  private classes(): ClassComparison[] {
    const width = this.labels.length;
    return this.labels
      .map((label, at) => {
        const row = this.confusion.slice(at * width, (at + 1) * width);
        const texts = row.reduce((sum, value) => sum + value, 0);
        const same = row[at]!;
        row[at] = 0;
        const instead = texts > same ? this.labels[argmax(row)]! : null;
        return { label, texts, disagreement: texts === 0 ? 0 : 1 - same / texts, instead };
      })
      .sort((x, y) => y.disagreement - x.disagreement || y.texts - x.texts);
  }

  finish(): Omit<StoreComparison, "onlyA" | "onlyB"> {
    const { common, labels } = this;
    const mean = (sum: number) => (common === 0 ? 0 : sum / common);
    let same = 0;
    for (let at = 0; at < labels.length; at += 1) same += this.confusion[at * labels.length + at]!;
    return {
      common,
      agreement: mean(same),
      // Rounding may leave a hair below nothing.
      divergence: Math.max(0, mean(this.divergence)),
      variation: mean(this.variation),
      classes: this.classes(),
      texts: this.worst.found,
    };
  }
}

/**
 * Holds two teachers' labels of the same texts against each other, classes joined by name.
 *
 * @param texts - how many of those that differ most are wanted
 * @throws LimbeckError `E_STORE` where their classes differ, or no text is in both.
 */
export async function compareStores(
  a: OpenedStore,
  b: OpenedStore,
  texts: number,
): Promise<StoreComparison> {
  const labels = classNames(a);
  const others = classNames(b);
  requireSameClasses(labels, others);
  const comparison = new Comparison(labels, texts);
  const width = labels.length;
  for await (const { ids, rows } of a.store.shards({ distinct: true })) {
    const both = ids.flatMap((id, row) => (b.store.has(id) ? [{ id, row }] : []));
    const read = await b.store.read(both.map(({ id }) => id));
    const aligned = reorderColumns(read, others, labels);
    for (const [at, { id, row }] of both.entries()) {
      const [start, other] = [row * width, at * width];
      comparison.add(
        id,
        rows.subarray(start, start + width),
        aligned.subarray(other, other + width),
      );
    }
  }
  const found = comparison.finish();
  if (found.common === 0) {
    throw new LimbeckError(
      "E_STORE",
      `Expected two stores with texts in common, got ${a.store.size} and ${b.store.size} texts, all different. ` +
        "Label the same texts with both teachers.",
    );
  }
  return { ...found, onlyA: a.store.size - found.common, onlyB: b.store.size - found.common };
}
