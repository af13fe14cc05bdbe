import { LimbeckError } from "../../src/errors.ts";
import type { Table } from "../../src/texts/table.ts";
import { parseList, SUM_TOLERANCE } from "./numbers.ts";
import type { Layout, PrecomputedOptions } from "./options.ts";

/**
 * Whether numbers are logits or probabilities: as the recipe says, else as the column's name says, else by the first
 * rows. Numbers below 0 or above 1 are no probabilities; rows that all sum to 1 are no logits.
 *
 * @throws LimbeckError `E_DATA` where it cannot be told.
 */
export function guessValues(input: {
  table: Table;
  options: PrecomputedOptions;
  source: Exclude<Layout["source"], { kind: "label" }>;
  sample: readonly Record<string, unknown>[];
}): "logits" | "probabilities" {
  const { table, options, source, sample } = input;
  if (options.values === "logits" || options.values === "probabilities") return options.values;
  if (options.values === "labels") throw new RangeError("Expected numbers, got labels.");
  const name = source.kind === "list" ? source.column : options.prefix;
  if (/logit/i.test(name)) return "logits";
  if (/prob/i.test(name)) return "probabilities";
  const rows = sample.map((row) =>
    source.kind === "list"
      ? (parseList(row[source.column]) ?? []).map(Number)
      : source.columns.map((column) => Number(row[column])),
  );
  const numbers = rows.flat();
  if (numbers.some((value) => value < 0 || value > 1)) return "logits";
  const sums = rows.map((row) => row.reduce((sum, value) => sum + value, 0));
  if (sums.every((sum) => Math.abs(sum - 1) <= SUM_TOLERANCE)) return "probabilities";
  throw new LimbeckError(
    "E_DATA",
    `Expected logits or probabilities in ${table.file}, got numbers from 0 to 1 that do not sum to 1. ` +
      "Say which they are: teacher.values: logits, or probabilities.",
  );
}
