/** Letters, digits and marks that mean nothing to a shell between double quotes. */
const HARMLESS = /^[\p{L}\p{N} ,.?'’()-]+$/u;

/**
 * A test text to try the bundle with, short enough for a command line and safe between double quotes in any shell; the
 * first one that fits, whatever the systems make of it.
 */
export function chooseExample(texts: readonly string[]): string | null {
  const fits = (text: string): boolean =>
    text.length >= 12 && text.length <= 60 && HARMLESS.test(text);
  return texts.find(fits) ?? null;
}
