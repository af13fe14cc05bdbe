/** Floating-point types of weight files, by their safetensors names. */
export type FloatType = "F32" | "F16" | "BF16";

/** Bytes per element. */
export const FLOAT_BYTES: Readonly<Record<FloatType, number>> = { F32: 4, F16: 2, BF16: 2 };

/** Little-endian floats of any type as float32, in an array of their own; exact, since float32 holds all three. */
export function decodeFloats(bytes: Uint8Array, type: FloatType): Float32Array {
  // A copy starts at a multiple of four, which the file does not promise. (Not slice: a Buffer's slice is a view.)
  const { buffer } = new Uint8Array(bytes);
  if (type === "F32") return new Float32Array(buffer);
  const halves = new Uint16Array(buffer);
  const bits = new Uint32Array(halves.length);
  const floats = new Float32Array(bits.buffer);
  for (let index = 0; index < halves.length; index += 1) {
    if (type === "BF16") bits[index] = halves[index]! << 16;
    else floats[index] = halfToNumber(halves[index]!);
  }
  return floats;
}

/** The value of an IEEE 754 binary16, given as its 16 bits: 1 sign, 5 exponent, 10 fraction. */
export function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
