import { LimbeckError } from "../errors.ts";

/**
 * Brings logits into the order of the data's classes.
 *
 * @param logits - `[N, C]`, row-major, in the teacher's order
 * @throws LimbeckError `E_STORE` for a class that the teacher does not know.
 */
export function reorderColumns(
  logits: Float32Array,
  from: readonly string[],
  to: readonly string[],
): Float32Array {
  if (from.length === to.length && from.every((label, index) => label === to[index])) return logits;
  const columns = to.map((label) => from.indexOf(label));
  const missing = columns.indexOf(-1);
  if (missing >= 0) {
    throw new LimbeckError(
      "E_STORE",
      `Expected the teacher to know the class ${JSON.stringify(to[missing])}, got ${from.length} other classes. ` +
        "Give the command again with --from label.",
    );
  }
  const texts = logits.length / from.length;
  const result = new Float32Array(texts * to.length);
  for (let text = 0; text < texts; text += 1) {
    for (const [place, column] of columns.entries()) {
      result[text * to.length + place] = logits[text * from.length + column]!;
    }
  }
  return result;
}
