/** Ways of naming classes in one token each. */
export const CODE_SCHEMES = ["letters", "numbers", "pairs"] as const;
export type CodeScheme = (typeof CODE_SCHEMES)[number];

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Codes of one width, so that none is the beginning of another. */
function numbers(count: number): string[] {
  const first = count <= 90 ? 10 : count <= 900 ? 100 : 10 ** String(count).length;
  return Array.from({ length: count }, (_, index) => String(first + index));
}

/** AA, BA, CA …: neighbours differ in their first letter, since a token may well be that letter alone. */
function pairs(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => ALPHABET[index % 26]! + ALPHABET[Math.floor(index / 26)]!,
  );
}

/** The ways of naming `classes` classes, the likeliest to be single tokens first; whatever their number there is one. */
export function schemesFor(classes: number): CodeScheme[] {
  if (classes <= 26) return ["letters"];
  return classes <= 26 * 26 ? ["numbers", "pairs"] : ["numbers"];
}

/**
 * A code for each class: `A`, `B`, … up to 26 classes, beyond them numbers of two or three digits, which most
 * tokenizers keep in one token, or pairs of letters for those that split numbers into digits.
 */
export function makeCodes(scheme: CodeScheme, classes: number): string[] {
  if (scheme === "letters") return Array.from({ length: classes }, (_, index) => ALPHABET[index]!);
  return scheme === "numbers" ? numbers(classes) : pairs(classes);
}
