import { describe, expect, it } from "vitest";
import {
  decodeFloat16,
  encodeFloat16,
  roundToFloat16,
  toFloat16Bits,
} from "../../src/formats/float16.ts";

describe("float16", () => {
  it("survives the way there and back for all 65,536 patterns", () => {
    const bytes = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, half) => half).buffer);
    const again = encodeFloat16(decodeFloat16(bytes));
    const halves = new Uint16Array(again.buffer);
    const wrong = Array.from(halves).filter((half, expected) => {
      const isNaN = (expected & 0x7c00) === 0x7c00 && (expected & 0x3ff) !== 0;
      return isNaN ? (half & 0x7fff) !== 0x7e00 : half !== expected;
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    // [value, bits]: 1 + 2⁻¹¹ lies between 1 and 1 + 2⁻¹⁰: to the even 1; 1 + 3·2⁻¹¹ to the even 1 + 2·2⁻¹⁰.
    [1, 0x3c00],
    [-2, 0xc000],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
    // The fraction's carry raises the exponent: 2 - 2⁻¹¹ rounds to 2.
    [2 - 2 ** -11, 0x4000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -14, 0x0400],
    // Subnormal: steps of 2⁻²⁴. Half a step goes to the even 0, one and a half to the even 2.
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.001, 0x0001],
    [3 * 2 ** -25, 0x0002],
    [-0, 0x8000],
    // Just below the least normal number rounds up to it.
    [2 ** -14 - 2 ** -26, 0x0400],
  ])("rounds %d to the nearest", (value, bits) => {
    expect(toFloat16Bits(value)).toBe(bits);
  });

  it("is little-endian on disk", () => {
    expect([...encodeFloat16(Float32Array.of(1, -2))]).toEqual([0x00, 0x3c, 0x00, 0xc0]);
    expect(() => decodeFloat16(new Uint8Array(3))).toThrow(RangeError);
  });

  it("rounds in place to what it reads back", () => {
    const values = Float32Array.of(0.1, -0.05, 0.333);
    const stored = decodeFloat16(encodeFloat16(values));
    roundToFloat16(values);
    expect(values).toEqual(stored);
  });
});
