// signatures only for the first minutes; the owner of src/formats fills them in
export type ParquetColumn =
  | { name: string; type: "STRING"; values: readonly (string | null)[] }
  | { name: string; type: "INT32" | "DOUBLE"; values: readonly number[] }
  | { name: string; type: "FIXED"; /** bytes per row */ width: number; bytes: Uint8Array };

export interface ParquetTable {
  rows: number;
  metadata: Record<string, string>;
  columns: Record<string, ParquetColumn>;
}

export declare function writeParquet(path: string, columns: readonly ParquetColumn[], metadata?: Record<string, string>): Promise<void>;
export declare function readParquet(path: string, names?: readonly string[]): Promise<ParquetTable>;
