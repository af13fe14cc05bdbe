/** Largest distance from 1 of the sum of a text's probabilities. */
export const SUM_TOLERANCE = 1e-3;

/** A list of JSON or Parquet, or one that is written in a text field; null where the value is none. */
export function parseList(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value as unknown[];
  if (ArrayBuffer.isView(value)) return [...(value as unknown as Iterable<unknown>)];
  if (typeof value !== "string") return null;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? (parsed as unknown[]) : null;
  } catch {
    return null;
  }
}

/** A value as messages show it. */
export function show(value: unknown): string {
  if (value === null || value === undefined || value === "") return "nothing";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
