import { halfToNumber } from "../engine/weights/half-precision.ts";

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The nearest IEEE 754 binary16 of a number, as its 16 bits; ties to even, beyond 65,504 to infinity. */
export function toFloat16Bits(value: number): number {
  float[0] = value;
  const single = bits[0]!;
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65,520 or more
  if (magnitude < 0x38800000) return sign | roundSubnormal(magnitude);
  // Rebias the exponent (127 to 15), then round off 13 of the fraction's 23 bits; a carry moves into the exponent.
  const rebiased = magnitude - 0x38000000;
  return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
}

/** Below 2⁻¹⁴ the steps are 2⁻²⁴: adding 1.5 · 2²³ steps lets the addition round to a whole number of them. */
function roundSubnormal(magnitude: number): number {
  bits[0] = magnitude;
  const steps = float[0]! * 2 ** 24;
  float[0] = steps + 12582912;
  return float[0] - 12582912;
}

let table: Float32Array | undefined;

/** All 65,536 values, made at first use: 256 KB, and decoding is one look-up. */
function decodingTable(): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, half) => halfToNumber(half));
  return table;
}

/** Little-endian binary16, two bytes per number. */
export function encodeFloat16(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < values.length; index += 1) {
    view.setUint16(index * 2, toFloat16Bits(values[index]!), true);
  }
  return bytes;
}

/** The inverse of `encodeFloat16`; exact. @throws RangeError for an odd number of bytes. */
export function decodeFloat16(bytes: Uint8Array): Float32Array {
  if (bytes.length % 2 !== 0)
    throw new RangeError(`Expected an even number of bytes, got ${bytes.length}.`);
  const values = new Float32Array(bytes.length / 2);
  decodeFloat16Into(bytes, 0, { into: values, at: 0, count: values.length });
  return values;
}

/** Decodes `count` numbers from the number `from` on. */
export function decodeFloat16Into(
  bytes: Uint8Array,
  from: number,
  { into, at, count }: { into: Float32Array; at: number; count: number },
): void {
  const decode = decodingTable();
  for (let index = 0; index < count; index += 1) {
    const byte = 2 * (from + index);
    into[at + index] = decode[bytes[byte]! | (bytes[byte + 1]! << 8)]!;
  }
}

/** Rounds every number to the nearest binary16, in place. */
export function roundToFloat16(values: Float32Array): void {
  const decode = decodingTable();
  for (let index = 0; index < values.length; index += 1)
    values[index] = decode[toFloat16Bits(values[index]!)]!;
}
