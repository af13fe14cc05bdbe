/** What a file in datasets/ exports as `dataset`: where a named source's files lie. */
export interface Dataset {
  summary: string;
  licence: string;
  /** Paths in the package, by split. */
  files(): { train: string[]; test?: string[]; validation?: string[]; unlabeled?: string[] };
  columns: { text: string; label: string };
  /** SHA-256 of each file, checked before use. */
  hashes: Readonly<Record<string, string>>;
}
