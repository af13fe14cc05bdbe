import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet";

/** What a Parquet file's last bytes say, without reading its rows. @throws Error where the file is not complete. */
export async function readParquetFooter(
  path: string,
): Promise<{ rows: number; metadata: Readonly<Record<string, string>> }> {
  const { num_rows: rows, key_value_metadata: pairs = [] } = await parquetMetadataAsync(
    await asyncBufferFromFile(path),
    // Ours holds a few hundred bytes of metadata for each of a few columns.
    { initialFetchSize: 1 << 14 },
  );
  const metadata = Object.fromEntries(pairs.map(({ key, value }) => [key, value ?? ""]));
  return { rows: Number(rows), metadata };
}
