/**
 * Edits (insert, delete, replace, swap of neighbours) that turn one word into another: the restricted
 * Damerau–Levenshtein distance.
 */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) best = Math.min(best, beforeLast[column - 2]! + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}

/** Case, hyphens and underscores are what people get wrong first. */
function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, "");
}

/**
 * The known word that was probably meant: at most a third of the longer word's letters differ, or the word is the
 * start of exactly one known word.
 *
 * @returns null where none is near.
 */
export function nearest(word: string, known: readonly string[]): string | null {
  const simple = simplify(word);
  if (simple === "") return null;
  let best: { name: string; distance: number } | null = null;
  for (const name of known) {
    const candidate = simplify(name);
    const distance = editDistance(simple, candidate);
    if (distance > Math.max(simple.length, candidate.length) / 3) continue;
    if (best === null || distance < best.distance) best = { name, distance };
  }
  if (best !== null) return best.name;
  const extended = known.filter((name) => simplify(name).startsWith(simple));
  return extended.length === 1 ? extended[0]! : null;
}

/** `Did you mean "epochs"?`, or the list of what there is. */
export function suggestion(word: unknown, known: readonly string[], listName: string): string {
  const near = typeof word === "string" ? nearest(word, known) : null;
  return near === null ? `${listName}: ${known.join(", ")}.` : `Did you mean "${near}"?`;
}
