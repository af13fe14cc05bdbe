import { EngineError } from "./errors.ts";
import { decodeFloats, FLOAT_BYTES } from "./weights/half-precision.ts";
import { readHeader } from "./safetensors-header.ts";
import type { NamedArray, StateDict } from "./types.ts";

export interface SafetensorsFile {
  tensors: StateDict;
  metadata: Record<string, string>;
}

/** The header's length comes first, as an unsigned 64-bit little-endian number. */
const LENGTH_BYTES = 8;

/**
 * Writes float32 tensors in the safetensors format: a JSON header padded with spaces to a multiple of 8 bytes, then the
 * data without gaps. Tensors and metadata are sorted by name, so equal contents give equal bytes.
 *
 * @see https://github.com/huggingface/safetensors#format
 * @throws EngineError `E_SHAPE` naming a tensor whose data does not have as many elements as its shape says.
 */
export function encodeSafetensors(
  tensors: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = sortedEntries(tensors);
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) {
    header.push(["__metadata__", Object.fromEntries(sortedEntries(metadata))]);
  }
  let length = 0;
  for (const [name, { shape, data }] of entries) {
    requireElements(name, shape, data);
    const end = length + data.byteLength;
    header.push([name, { dtype: "F32", shape, data_offsets: [length, end] }]);
    length = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerLength + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerLength);
  bytes.set(json, LENGTH_BYTES);
  let offset = LENGTH_BYTES + headerLength;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file of F32, F16 and BF16 tensors, all as float32 in arrays of their own.
 *
 * @param name - The file's path, for messages.
 * @throws EngineError `E_FILE` naming the file, and the tensor where there is one: truncated or trailing data, a header
 *   that is not JSON, offsets that overlap, leave a gap or lie outside, a byte length that contradicts the shape, or
 *   another dtype.
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): SafetensorsFile {
  const { entries, metadata, dataStart } = readHeader(bytes, name);
  const tensors: [string, NamedArray][] = [];
  for (const { tensor, dtype, shape, begin, end } of entries) {
    const width = FLOAT_BYTES[dtype];
    const elements = shape.reduce((product, size) => product * size, 1);
    if (end - begin !== elements * width) {
      throw new EngineError(
        "E_FILE",
        `Expected ${elements * width} bytes for tensor ${tensor} of ${dtype} [${shape.join(", ")}], got ${end - begin} in ${name}. Write the file again.`,
      );
    }
    const data = decodeFloats(bytes.subarray(dataStart + begin, dataStart + end), dtype);
    tensors.push([tensor, { shape, data }]);
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** By code units, which is the same order everywhere. */
function sortedEntries<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function requireElements(name: string, shape: readonly number[], data: Float32Array): void {
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements !== data.length) {
    throw new EngineError(
      "E_SHAPE",
      `Expected ${elements} elements for tensor ${name} of shape [${shape.join(", ")}], got ${data.length}.`,
    );
  }
}
