import { EngineError } from "./errors.ts";
import { decodeFloats, FLOAT_BYTES } from "./weights/half-precision.ts";
import type { FloatType } from "./weights/half-precision.ts";
import { LENGTH_BYTES, readHeader } from "./safetensors-header.ts";
import type { HeaderEntry } from "./safetensors-header.ts";
import type { NamedArray, StateDict } from "./types.ts";
import { sizeOf } from "./shape.ts";

export interface SafetensorsFile {
  tensors: StateDict;
  metadata: Record<string, string>;
}

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
  const tensors = entries.map((entry): [string, NamedArray] => {
    const data = bytes.subarray(dataStart + entry.begin, dataStart + entry.end);
    return [entry.tensor, decodeEntry(entry, data, name)];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

/**
 * One tensor of a safetensors file as float32, in an array of its own.
 *
 * @param data - Its bytes.
 * @param file - The file's path, for messages.
 * @throws EngineError `E_FILE` naming the tensor, if it does not hold floats or not as many as its shape says.
 */
export function decodeEntry(entry: HeaderEntry, data: Uint8Array, file: string): NamedArray {
  const { tensor, dtype, shape } = entry;
  if (!isFloatType(dtype)) {
    throw new EngineError(
      "E_FILE",
      `Expected tensor ${tensor} of dtype F32, F16 or BF16, got ${JSON.stringify(dtype)} in ${file}. Write it as one of these.`,
    );
  }
  const expected = FLOAT_BYTES[dtype] * sizeOf(shape);
  if (data.length !== expected) {
    throw new EngineError(
      "E_FILE",
      `Expected ${expected} bytes for tensor ${tensor} of ${dtype} [${shape.join(", ")}], got ${data.length} in ${file}. Write the file again.`,
    );
  }
  return { shape, data: decodeFloats(data, dtype) };
}

function isFloatType(dtype: string): dtype is FloatType {
  return Object.hasOwn(FLOAT_BYTES, dtype);
}

/** By code units, which is the same order everywhere. */
function sortedEntries<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function requireElements(name: string, shape: readonly number[], data: Float32Array): void {
  const elements = sizeOf(shape);
  if (elements !== data.length) {
    throw new EngineError(
      "E_SHAPE",
      `Expected ${elements} elements for tensor ${name} of shape [${shape.join(", ")}], got ${data.length}.`,
    );
  }
}
