import type { FileMetaData } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";

/**
 * The bytes of a column of fixed-length rows that lies in a file plain and uncompressed, as ours do: hyparquet would make an
 * object of every row, a million for a million texts.
 *
 * @param file - the whole file
 * @returns the rows one behind the other, a view into the file where they lie in one page; null where the column is written
 *   in another way.
 */
export function readFixedColumn(
  file: ArrayBuffer,
  metadata: FileMetaData,
  { name, width }: { name: string; width: number },
): Uint8Array | null {
  const parts: Uint8Array[] = [];
  for (const { columns } of metadata.row_groups) {
    const chunk = columns.find((column) => column.meta_data?.path_in_schema.join(".") === name);
    const about = chunk?.meta_data;
    if (about?.codec !== "UNCOMPRESSED" || about.dictionary_page_offset !== undefined) return null;
    const [from, size] = [Number(about.data_page_offset), Number(about.total_compressed_size)];
    const reader = { view: new DataView(file, from, size), offset: 0 };
    for (let left = Number(about.num_values); left > 0;) {
      const page = parquetHeader(reader).data_page_header_v2;
      const levels =
        page && page.repetition_levels_byte_length + page.definition_levels_byte_length;
      if (page?.encoding !== "PLAIN" || levels !== 0 || page.num_nulls !== 0) return null;
      if (page.num_values < 1 || page.num_values > left) return null;
      const bytes = page.num_values * width;
      if (reader.offset + bytes > size) throw new RangeError(`column "${name}" is cut short`);
      parts.push(new Uint8Array(file, from + reader.offset, bytes));
      reader.offset += bytes;
      left -= page.num_values;
    }
  }
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
}
