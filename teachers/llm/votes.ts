/** What a model that thinks aloud says before its answer. */
const THOUGHTS = /^[\s\S]*<\/think(?:ing)?>/i;

const simplify = (text: string): string =>
  text
    .replaceAll(/[\s"'`*_.:()[\]]+/g, " ")
    .trim()
    .toLowerCase();

/**
 * The class that an answer in words names: by its code, alone or before anything else that is no part of a word, or by
 * its name.
 *
 * @returns its index, or null where the answer names none
 */
export function readVote(
  answer: string,
  { codes, classes }: { codes: readonly string[]; classes: readonly string[] },
): number | null {
  const words = simplify(
    answer.replace(THOUGHTS, "").replace(/^\s*(?:code|class|answer)\s*:/i, ""),
  );
  const exact = codes.findIndex((code) => code.toLowerCase() === words);
  if (exact >= 0) return exact;
  const named = classes.findIndex((name) => simplify(name) === words);
  if (named >= 0) return named;
  // "B = card_arrival" or "B - the card": a capital code and then no word, so that "A text about" is none.
  const first = /^\W*([A-Z0-9]+)\s*(?:$|[=:,;.)\-–—\n])/.exec(answer.replace(THOUGHTS, ""));
  const leading = first === null ? -1 : codes.indexOf(first[1]!);
  return leading >= 0 ? leading : null;
}

/**
 * Logits from votes: `log((count + s) / (n + s·C))`, n the votes that named a class and s = 1/C, so that the smoothing
 * weighs as much as one vote in all, whatever the number of classes C.
 *
 * @param votes - indices of classes; null for an answer that named none
 * @returns `logits` `[C]` and `elsewhere`, the share of answers that named no class; null where no answer named one
 */
export function voteLogits(
  votes: readonly (number | null)[],
  classes: number,
): { logits: Float32Array; elsewhere: number } | null {
  const counts = new Float64Array(classes);
  for (const vote of votes) if (vote !== null) counts[vote]! += 1;
  const valid = votes.filter((vote) => vote !== null).length;
  if (valid === 0) return null;
  const smoothing = 1 / classes;
  return {
    logits: Float32Array.from(counts, (count) =>
      Math.log((count + smoothing) / (valid + smoothing * classes)),
    ),
    elsewhere: 1 - valid / votes.length,
  };
}
