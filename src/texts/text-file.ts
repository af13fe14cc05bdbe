/** One row of a source, as it was found. */
export interface SourceRow {
  text: string;
  /** The gold label, trimmed; null where there is none. */
  label: string | null;
  /** The file as messages name it. */
  file: string;
  /** Line on which the row begins (row number in Parquet), from 1. */
  line: number;
}

/** Columns as the recipe names them; what is not named is guessed. */
export interface WantedColumns {
  text?: string | undefined;
  label?: string | undefined;
}

export interface TextColumns {
  text: string;
  label: string | null;
  /** True where a name was guessed rather than given. */
  guessed: boolean;
}

/** A file of texts whose columns are known and whose rows have not been read yet. */
export interface TextFile {
  file: string;
  /** CSV, TSV, JSONL, Parquet, plain text, folder. */
  format: string;
  columns: TextColumns;
  /** Every column that the file has; empty where the format has none. */
  allColumns: readonly string[];
  /** Reads from the start at each call, a piece at a time. @throws LimbeckError `E_DATA` naming file and line. */
  rows(): AsyncIterable<SourceRow>;
}

/** What a reader is given. */
export interface ReaderInput {
  /** Absolute path. */
  path: string;
  /** The path as messages name it. */
  file: string;
  columns: WantedColumns;
  /** False where labels are not wanted: a label column that is named then need not exist. */
  labels: boolean;
  /** Told of every piece that is read: its size on disk, in bytes. */
  onBytes?: ((bytes: number) => void) | undefined;
}
