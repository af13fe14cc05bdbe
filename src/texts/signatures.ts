interface Signature {
  bytes: readonly number[];
  is: string;
  cure: string;
}

const ascii = (text: string): number[] => [...Buffer.from(text, "latin1")];

// First bytes of what people hand over instead of a text file, and what then helps.
const SIGNATURES: readonly Signature[] = [
  {
    bytes: [0x1f, 0x8b],
    is: "gzip-compressed data",
    cure: "Give the file a name that ends in .gz.",
  },
  {
    bytes: ascii("PK\u0003\u0004"),
    is: "an Excel workbook or a zip archive",
    cure: "Save the sheet as CSV UTF-8, or unpack the archive.",
  },
  {
    bytes: ascii("PAR1"),
    is: "a Parquet file",
    cure: "Give the file a name that ends in .parquet.",
  },
  { bytes: ascii("SQLite format 3"), is: "an SQLite database", cure: "Export the table as CSV." },
  { bytes: ascii("%PDF"), is: "a PDF document", cure: "Extract its text first." },
  {
    bytes: [0xff, 0xfe],
    is: "UTF-16",
    cure: "Convert the file: iconv -f UTF-16 -t UTF-8 FILE > NEW-FILE.",
  },
  {
    bytes: [0xfe, 0xff],
    is: "UTF-16",
    cure: "Convert the file: iconv -f UTF-16 -t UTF-8 FILE > NEW-FILE.",
  },
];

/** What is wrong with a file that begins so, with its cure; null where the bytes may well be text. */
export function signatureProblem(start: Uint8Array, file: string): string | null {
  for (const { bytes, is, cure } of SIGNATURES) {
    if (!bytes.every((byte, at) => start[at] === byte)) continue;
    return `Expected UTF-8 text in ${file}, got ${is}. ${cure}`;
  }
  return null;
}
