import { EngineError } from "./errors.ts";

/** One tensor as the header describes it; `begin` and `end` count from the start of the data. */
export interface HeaderEntry {
  tensor: string;
  /** As the file names it, which may be a type that nobody here reads: a tensor that is not asked for may have any. */
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  entries: HeaderEntry[];
  metadata: Record<string, string>;
  /** Where the data begins in the file. */
  dataStart: number;
}

/** The header's length comes first, as an unsigned 64-bit little-endian number. */
export const LENGTH_BYTES = 8;
/** The limit of the reference implementation. */
const LONGEST_HEADER = 100_000_000;

/**
 * Reads and checks the header of a safetensors file: the entries, in the order of their data, cover it without overlap
 * or gap up to the end of the file.
 *
 * @param bytes - The file, or its beginning up to the data.
 * @param file - Its path, for messages.
 * @param fileSize - Bytes of the whole file.
 * @throws EngineError `E_FILE` naming the file and the tensor.
 */
export function readHeader(
  bytes: Uint8Array,
  file: string,
  fileSize = bytes.length,
): SafetensorsHeader {
  const dataStart = findData(bytes, file, fileSize);
  const { __metadata__: metadata, ...tensors } = parseHeader(
    bytes.subarray(LENGTH_BYTES, dataStart),
    file,
  );
  const entries = Object.entries(tensors).map(([tensor, entry]) => readEntry(tensor, entry, file));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  requireCover(entries, fileSize - dataStart, file);
  return { entries, metadata: readMetadata(metadata, file), dataStart };
}

function broken(expected: string, got: string, file: string, options?: ErrorOptions): EngineError {
  return new EngineError(
    "E_FILE",
    `Expected ${expected}, got ${got} in ${file}. Write or fetch the file again.`,
    options,
  );
}

/**
 * Where the data of a safetensors file begins.
 *
 * @param bytes - At least the first {@link LENGTH_BYTES} of the file.
 * @throws EngineError `E_FILE` if the file is too short for its header, or the header absurdly long.
 */
export function findData(bytes: Uint8Array, file: string, fileSize: number): number {
  if (bytes.length < LENGTH_BYTES) {
    throw broken("a safetensors file of at least 8 bytes", `${bytes.length} bytes`, file);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > LONGEST_HEADER) {
    throw broken(
      `a safetensors header of at most ${LONGEST_HEADER} bytes`,
      `a length of ${String(length)}`,
      file,
    );
  }
  if (LENGTH_BYTES + Number(length) > fileSize) {
    throw broken(
      `a safetensors header of ${String(length)} bytes`,
      `only ${fileSize - LENGTH_BYTES} (the file is truncated)`,
      file,
    );
  }
  return LENGTH_BYTES + Number(length);
}

function parseHeader(json: Uint8Array, file: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw broken("a safetensors header in JSON", `what cannot be parsed (${reason})`, file, {
      cause,
    });
  }
  if (!isRecord(header)) throw broken("a safetensors header that is an object", "none", file);
  return header;
}

function readMetadata(metadata: unknown, file: string): Record<string, string> {
  if (metadata === undefined) return {};
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw broken("__metadata__ that maps strings to strings", JSON.stringify(metadata), file);
  }
  return metadata as Record<string, string>;
}

function readEntry(tensor: string, entry: unknown, file: string): HeaderEntry {
  const fields: Record<string, unknown> = isRecord(entry) ? entry : {};
  const { dtype, shape, data_offsets: offsets } = fields;
  if (typeof dtype !== "string") {
    const got = dtype === undefined ? "none" : JSON.stringify(dtype);
    throw broken(`a dtype for tensor ${tensor}`, got, file);
  }
  if (!isSizes(shape)) {
    throw broken(`a shape of whole numbers for tensor ${tensor}`, JSON.stringify(shape), file);
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw broken(
      `data_offsets [begin, end] for tensor ${tensor}`,
      offsets === undefined ? "none" : JSON.stringify(offsets),
      file,
    );
  }
  return { tensor, dtype, shape, begin: offsets[0]!, end: offsets[1]! };
}

function requireCover(entries: readonly HeaderEntry[], dataLength: number, file: string): void {
  let covered = 0;
  let before = "the header";
  for (const { tensor, begin, end } of entries) {
    if (end > dataLength) {
      throw broken(
        `data of tensor ${tensor} up to byte ${end}`,
        `only ${dataLength} bytes of data (the file is truncated or the offset is wrong)`,
        file,
      );
    }
    if (begin < covered) {
      throw broken(
        `data of tensor ${tensor} after that of ${before}, from byte ${covered}`,
        `an overlap from byte ${begin}`,
        file,
      );
    }
    if (begin > covered) {
      throw broken(
        `data of tensor ${tensor} from byte ${covered}, next to ${before}`,
        `a gap up to byte ${begin}`,
        file,
      );
    }
    covered = end;
    before = tensor;
  }
  if (covered < dataLength) {
    throw broken(
      `${covered} bytes of data, the end of ${before}`,
      `${dataLength - covered} trailing bytes`,
      file,
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && Number(size) >= 0)
  );
}
