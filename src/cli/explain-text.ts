import type { ExplainedKey } from "../recipe/explain.ts";
import { wrap } from "./wrap.ts";

/** As one would write it in the recipe. */
function show(value: unknown): string {
  if (value === undefined) return "—";
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * The same as aligned text, for `limbeck recipe explain`.
 *
 * @param width - columns that there are; reasons are wrapped to them
 */
export function explainText(rows: readonly ExplainedKey[], width: number): string {
  const shown = rows.map(
    ({ key, value, origin, reason }) => [key, show(value), origin, reason] as const,
  );
  const widest = (column: 0 | 1) =>
    Math.min(36, Math.max(...shown.map((row) => row[column].length)));
  const [keyWidth, valueWidth] = [widest(0), widest(1)];
  const indent = keyWidth + valueWidth + "  default  ".length + 2;
  const lines = shown.flatMap(([key, value, origin, reason]) => {
    const [first = "", ...more] = wrap(reason, Math.max(30, width - indent));
    const head = `${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  ${origin.padEnd(7)}  ${first}`;
    return [head.trimEnd(), ...more.map((line) => " ".repeat(indent) + line)];
  });
  return lines.join("\n");
}
