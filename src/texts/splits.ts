import { join } from "node:path";
import {
  readParquet,
  writeParquet,
  type ParquetColumn,
  type ParquetTable,
} from "../formats/parquet.ts";
import type { IdentifiedText, Split, TextRow } from "../types.ts";

/** Where a split's file lies in a run's folder. */
export function splitPath(run: string, split: Split): string {
  return join(run, "prepare", `${split}.parquet`);
}

/**
 * Writes `prepare/<split>.parquet` with the columns id (32 hexadecimal digits), text, label (null where there is none).
 *
 * @throws LimbeckError `E_DISK` when the disk is full, read-only or not permitted.
 */
export async function writeSplit(
  run: string,
  split: Split,
  rows: readonly TextRow[],
): Promise<void> {
  await writeParquet(splitPath(run, split), [
    { name: "id", type: "STRING", values: rows.map(({ id }) => id) },
    { name: "text", type: "STRING", values: rows.map(({ text }) => text) },
    { name: "label", type: "STRING", values: rows.map(({ label }) => label) },
  ]);
}

function strings(table: ParquetTable, name: string): readonly (string | null)[] {
  const column: ParquetColumn | undefined = table.columns[name];
  return column?.type === "STRING" ? column.values : [];
}

/**
 * Reads a split with its labels. Of test, only the evaluation may.
 *
 * @throws LimbeckError `E_DATA` when the file is missing or damaged.
 */
export async function readSplit(run: string, split: Split): Promise<TextRow[]> {
  const table = await readParquet(splitPath(run, split), ["id", "text", "label"]);
  const texts = strings(table, "text");
  const labels = strings(table, "label");
  return strings(table, "id").map((id, row) => ({
    id: id!,
    text: texts[row]!,
    label: labels[row] ?? null,
  }));
}

/** Reads a split's texts; the column of labels stays unread. @throws LimbeckError `E_DATA` likewise */
export async function readIdentified(run: string, split: Split): Promise<IdentifiedText[]> {
  const table = await readParquet(splitPath(run, split), ["id", "text"]);
  const texts = strings(table, "text");
  return strings(table, "id").map((id, row) => ({ id: id!, text: texts[row]! }));
}
