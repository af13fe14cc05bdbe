import { LimbeckError } from "../../errors.ts";

function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `the ${typeof value} ${JSON.stringify(value)}`;
}

/** The text in a field of JSON or Parquet. @throws LimbeckError `E_DATA` with file and line where it is none. */
export function textValue(value: unknown, column: string, place: string): string {
  if (typeof value === "string") return value;
  throw new LimbeckError(
    "E_DATA",
    `${place}: Expected a text in "${column}", got ${describe(value)}. Mend the row, or name another column in data.columns.text.`,
  );
}

/** The label in a field of JSON or Parquet: a name, a number or true/false; null where there is none. @throws likewise */
export function labelValue(value: unknown, column: string, place: string): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value.trim() || null;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return String(value);
  }
  throw new LimbeckError(
    "E_DATA",
    `${place}: Expected one label in "${column}", got ${describe(value)}. Give each text a single name or number as its label.`,
  );
}
