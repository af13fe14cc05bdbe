import { LimbeckError } from "../errors.ts";
import type { PrepareDetails, TextId, TextRow } from "../types.ts";
import { textId } from "./ids.ts";
import { openTextFile } from "./open-file.ts";
import type { Role, SourceFile } from "./sources.ts";
import type { SourceRow, TextFile, WantedColumns } from "./text-file.ts";

/** What was read for a role: every text once, in the order of the files. */
export interface Collected {
  rows: TextRow[];
  /** `file:line` at which each label was first seen. */
  places: Map<string, string>;
  counts: {
    read: number;
    empty: number;
    truncated: number;
    duplicates: number;
    conflicts: number;
    unlabelled: number;
  };
  columns: PrepareDetails["columns"];
  formats: string[];
  /** Columns of each file that was read for labels and has none. */
  withoutLabels: { file: string; columns: readonly string[] }[];
}

export interface CollectOptions {
  columns: WantedColumns;
  /** Longest text in UTF-16 code units. */
  maxCharacters: number;
  signal?: AbortSignal;
  onBytes?: ((bytes: number) => void) | undefined;
}

/** The first `most` UTF-16 code units of a text, one fewer where that would cut a character in two. */
export function truncateText(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}

/** Rows between two looks at the signal. */
const ROWS_PER_LOOK = 4096;

/** Collects the texts of one or several roles; a text that comes again is counted and left out. */
export class Collector {
  readonly collected: Collected = {
    rows: [],
    places: new Map(),
    counts: { read: 0, empty: 0, truncated: 0, duplicates: 0, conflicts: 0, unlabelled: 0 },
    columns: [],
    formats: [],
    withoutLabels: [],
  };
  private readonly known = new Map<TextId, TextRow>();
  private readonly labels = new Map<string, string>();
  private readonly options: CollectOptions;

  constructor(options: CollectOptions) {
    this.options = options;
  }

  /** @throws LimbeckError `E_DATA` where a file cannot be read, has no rows, or lacks a label that its role needs. */
  async addFile({ path, file }: SourceFile, role: Role): Promise<void> {
    const { columns, onBytes } = this.options;
    const opened = await openTextFile({
      path,
      file,
      columns,
      labels: role !== "unlabeled",
      onBytes,
    });
    this.describe(opened, role);
    const before = this.collected.counts.read;
    for await (const row of opened.rows()) {
      this.addRow(row, role);
      if (this.collected.counts.read % ROWS_PER_LOOK === 0) this.options.signal?.throwIfAborted();
    }
    if (this.collected.counts.read > before) return;
    throw new LimbeckError(
      "E_DATA",
      `Expected rows in ${file}, got only a header. Fill the file or name another one.`,
    );
  }

  private describe(opened: TextFile, role: Role): void {
    const { file, columns, allColumns, format } = opened;
    if (columns.label === null && (role === "test" || role === "validation")) {
      const found =
        allColumns.length === 0
          ? "none"
          : `the columns ${allColumns.map((name) => `"${name}"`).join(", ")}`;
      throw new LimbeckError(
        "E_DATA",
        `Expected labels in ${file}, which is named as ${role}, got ${found}. ` +
          "Name the column in data.columns.label, or name the file under unlabeled.",
      );
    }
    if (columns.label === null && role === "train")
      this.collected.withoutLabels.push({ file, columns: allColumns });
    this.collected.columns.push({ file, ...columns });
    this.collected.formats.push(format);
  }

  private addRow(row: SourceRow, role: Role): void {
    const { counts, rows } = this.collected;
    counts.read += 1;
    if (row.text.trim() === "") {
      counts.empty += 1;
      return;
    }
    const label = this.labelOf(row, role);
    const text = truncateText(row.text, this.options.maxCharacters);
    if (text.length < row.text.length) counts.truncated += 1;
    const id = textId(text);
    const first = this.known.get(id);
    if (first === undefined) {
      const kept = { id, text, label };
      this.known.set(id, kept);
      rows.push(kept);
      return;
    }
    counts.duplicates += 1;
    if (first.label === null) first.label = label;
    else if (label !== null && label !== first.label) counts.conflicts += 1;
  }

  private labelOf({ label, file, line }: SourceRow, role: Role): string | null {
    if (label === null) {
      if (role === "test" || role === "validation") {
        throw new LimbeckError(
          "E_DATA",
          `${file}:${line}: Expected a label, since the file is named as ${role}, got none. Fill it in or take the row out.`,
        );
      }
      if (role === "train") this.collected.counts.unlabelled += 1;
      return null;
    }
    const same = this.labels.get(label);
    if (same !== undefined) return same; // one string for all rows of a class: a million rows hold no million labels
    this.labels.set(label, label);
    this.collected.places.set(label, `${file}:${line}`);
    return label;
  }
}
