import { LimbeckError } from "../errors.ts";
import { Random } from "../math/random.ts";
import type { TextRow } from "../types.ts";

/** 32 bits in, 32 bits out, one to one, every bit of the one reaching every bit of the other (MurmurHash3's last step). */
function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * The first `size` rows in random order. Every text gets its own number from the seed and its id, whose bits are as good
 * as random already, so that a draw depends on which texts there are, not on the order of the file, and changes little
 * when texts are added.
 */
export function draw(
  rows: readonly TextRow[],
  size: number,
  ...seed: (number | string)[]
): TextRow[] {
  const random = new Random(...seed);
  const [high, low] = [random.bits(), random.bits()];
  const word = (id: string, at: number): number => Number.parseInt(id.slice(at, at + 8), 16);
  const numbers = new Float64Array(rows.length);
  for (const [at, { id }] of rows.entries()) {
    numbers[at] = mix(word(id, 0) ^ high) * 2 ** 21 + (mix(word(id, 8) ^ low) >>> 11);
  }
  const order = Uint32Array.from(numbers.keys()).sort((a, b) => numbers[a]! - numbers[b]!);
  return Array.from(order.subarray(0, size), (at) => rows[at]!);
}

/** Labelled rows by class, classes in the given order. */
export function groupByClass(
  rows: readonly TextRow[],
  classes: readonly string[],
): Map<string, TextRow[]> {
  const groups = new Map<string, TextRow[]>(classes.map((name) => [name, []]));
  for (const row of rows) if (row.label !== null) groups.get(row.label)?.push(row);
  return groups;
}

function short(names: readonly string[]): string {
  return names.length > 5
    ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`
    : names.join(", ");
}

/** @throws LimbeckError `E_DATA` naming the classes with fewer texts, and how many they have. */
function drawPerClass(
  groups: Map<string, TextRow[]>,
  perClass: number,
  seed: number,
  madeTest: boolean,
): TextRow[] {
  const small = [...groups].filter(([, rows]) => rows.length < perClass);
  if (small.length > 0) {
    const least = Math.min(...small.map(([, rows]) => rows.length));
    const after = madeTest ? " besides the test texts" : "";
    throw new LimbeckError(
      "E_DATA",
      `Expected at least ${perClass} labelled texts in every class${after} (data.labelled.perClass), got ` +
        `${short(small.map(([name, rows]) => `${rows.length} in "${name}"`))}. ` +
        `Set perClass to ${least} or less, use labelled: { count: N } or all, or add texts to ${small.length === 1 ? "the class" : "these classes"}.`,
    );
  }
  return [...groups].flatMap(([name, rows]) => draw(rows, perClass, "labelled", seed, name));
}

/**
 * Seats for each class: one, and the rest in proportion to the texts beyond the first, by the largest remainder
 * (Hamilton's method); the order of the classes breaks ties.
 */
export function apportion(sizes: readonly number[], count: number): number[] {
  const beyond = sizes.reduce((sum, size) => sum + size - 1, 0);
  const rest = count - sizes.length;
  const shares = sizes.map((size) => (beyond === 0 ? 0 : (rest * (size - 1)) / beyond));
  const seats = shares.map((quota) => 1 + Math.floor(quota));
  const missing = count - seats.reduce((sum, seat) => sum + seat, 0);
  shares
    .map((quota, at) => ({ at, remainder: quota - Math.floor(quota) }))
    .sort((a, b) => b.remainder - a.remainder || a.at - b.at)
    .slice(0, missing)
    .forEach(({ at }) => (seats[at]! += 1));
  return seats;
}

/** @throws LimbeckError `E_DATA` where the count is below the number of classes or above the number of texts. */
function drawCount(groups: Map<string, TextRow[]>, count: number, seed: number): TextRow[] {
  const sizes = [...groups.values()].map((rows) => rows.length);
  const available = sizes.reduce((sum, size) => sum + size, 0);
  if (count < sizes.length || count > available) {
    throw new LimbeckError(
      "E_DATA",
      `Expected data.labelled.count between ${sizes.length} (one for each class) and ${available} (labelled texts that there are), ` +
        `got ${count}. Set it to a number between the two, or use labelled: all.`,
    );
  }
  const seats = apportion(sizes, count);
  return [...groups].flatMap(([name, rows], at) => draw(rows, seats[at]!, "labelled", seed, name));
}

/**
 * Draws the labelled texts that the budget buys.
 *
 * @param madeTest - true where test texts were taken from the same file, which the error then says
 * @throws LimbeckError `E_DATA` where there are too few texts.
 */
export function drawLabelled(
  groups: Map<string, TextRow[]>,
  budget: "all" | "none" | { perClass: number } | { count: number },
  seed: number,
  madeTest: boolean,
): TextRow[] {
  if (budget === "none") return [];
  if (budget === "all") return [...groups.values()].flat();
  if ("perClass" in budget) return drawPerClass(groups, budget.perClass, seed, madeTest);
  return drawCount(groups, budget.count, seed);
}

/**
 * Draws a test split: the share of each class, at least one text of it and never its last.
 */
export function drawTest(groups: Map<string, TextRow[]>, share: number, seed: number): TextRow[] {
  if (share === 0) return [];
  return [...groups].flatMap(([name, rows]) => {
    const wanted = Math.max(1, Math.round(rows.length * share));
    return draw(rows, Math.min(wanted, rows.length - 1), "test", seed, name);
  });
}

const MOST_HELD_OUT = 1000;
const LEAST_HELD_OUT = 50;

/**
 * How many of `texts` are held out to choose the best epoch: the share, at least 50 so that the choice is more than
 * chance (a fifth of the texts where there are fewer than 250), at most 1,000 and half of them.
 */
export function heldOutSize(texts: number, share: number): number {
  if (share === 0) return 0;
  const least = Math.min(LEAST_HELD_OUT, Math.floor(texts / 5));
  return Math.min(MOST_HELD_OUT, Math.floor(texts / 2), Math.max(least, Math.round(texts * share)));
}

/** Draws the held-out texts; the last text of a class whose label was bought is never one of them. */
export function drawHeldOut(rows: readonly TextRow[], size: number, seed: number): TextRow[] {
  const left = new Map<string, number>();
  for (const { label } of rows) if (label !== null) left.set(label, (left.get(label) ?? 0) + 1);
  const drawn: TextRow[] = [];
  for (const row of draw(rows, rows.length, "validation", seed)) {
    if (drawn.length === size) break;
    if (row.label !== null) {
      const others = left.get(row.label)! - 1;
      if (others === 0) continue;
      left.set(row.label, others);
    }
    drawn.push(row);
  }
  return drawn;
}
