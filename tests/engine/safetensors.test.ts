import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../src/engine/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/engine/safetensors.ts";

// Written by tests/fixtures/generators/engine_safetensors.py with the reference implementation.
const read = (file: string): Buffer =>
  readFileSync(new URL(`../fixtures/engine/${file}`, import.meta.url));

/** A file of this header and this many bytes of data. */
function file(header: unknown, dataLength: number, options: { length?: bigint } = {}): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + json.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, options.length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}
const entry = (begin: number, end: number, shape = [(end - begin) / 4]): object => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

describe("safetensors beside the reference implementation", () => {
  it("reads its float32 file", () => {
    const { tensors, metadata } = decodeSafetensors(read("float32.safetensors"), "f.safetensors");
    expect(metadata).toEqual({ step: "12" });
    expect(Object.keys(tensors).sort()).toEqual(["a.bias", "empty", "scalar", "z.weight", "名"]);
    expect(tensors["z.weight"]).toEqual({
      shape: [2, 3],
      data: Float32Array.of(1.5, -2.25, 3e-7, 0.1, 5, -6),
    });
    expect(tensors["a.bias"]!.data).toEqual(Float32Array.of(Infinity, -0, 1e-45));
    expect(tensors["scalar"]).toEqual({ shape: [], data: Float32Array.of(7) });
    expect(tensors["empty"]).toEqual({ shape: [0, 4], data: new Float32Array(0) });
  });

  it("writes the same bytes, whatever the order of the tensors", () => {
    const bytes = read("float32.safetensors");
    const { tensors, metadata } = decodeSafetensors(bytes, "f.safetensors");
    const reversed = Object.fromEntries(Object.entries(tensors).reverse());
    expect(Buffer.from(encodeSafetensors(tensors, metadata)).equals(bytes)).toBe(true);
    expect(Buffer.from(encodeSafetensors(reversed, metadata)).equals(bytes)).toBe(true);
  });

  it("reads half precision of both kinds", () => {
    const { tensors } = decodeSafetensors(read("halves.safetensors"), "h.safetensors");
    const half = [1.5, -2, 65504, 2 ** -24, Infinity, -(2 ** -14), NaN];
    expect([...tensors["half"]!.data]).toEqual(half);
    expect(tensors["brain"]).toEqual({
      shape: [3, 1],
      data: Float32Array.of(1, -3.140625, 2 ** 100),
    });
    expect([...tensors["single"]!.data]).toEqual([Math.fround(0.1)]);
  });
});

describe("safetensors, round trip", () => {
  it("gives back what was written, the header padded to 8 bytes", () => {
    const array = fc.float32Array({ maxLength: 20 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), array),
        fc.dictionary(fc.string(), fc.string()),
        (arrays, metadata) => {
          fc.pre(!("__metadata__" in arrays));
          const tensors = Object.fromEntries(
            Object.entries(arrays).map(([name, data]) => [name, { shape: [data.length], data }]),
          );
          const bytes = encodeSafetensors(tensors, metadata);
          expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
          const back = decodeSafetensors(bytes, "f");
          expect(Object.entries(back.tensors).sort()).toEqual(Object.entries(tensors).sort());
          expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
        },
      ),
    );
  });

  it("shares no memory with the file or with the arrays written", () => {
    const data = Float32Array.of(1, 2);
    const bytes = encodeSafetensors({ a: { shape: [2], data } });
    data[0] = 9;
    const { tensors } = decodeSafetensors(bytes, "f");
    bytes.fill(0);
    expect([...tensors["a"]!.data]).toEqual([1, 2]);
  });

  it("reads from the middle of a larger buffer at any alignment", () => {
    const bytes = encodeSafetensors({ a: { shape: [2], data: Float32Array.of(3, 4) } });
    for (const offset of [1, 2, 3]) {
      const larger = new Uint8Array(bytes.length + 8);
      larger.set(bytes, offset);
      const { tensors } = decodeSafetensors(larger.subarray(offset, offset + bytes.length), "f");
      expect([...tensors["a"]!.data]).toEqual([3, 4]);
    }
  });

  it("writes part of a larger array", () => {
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    const { tensors } = decodeSafetensors(encodeSafetensors({ a: { shape: [2], data } }), "f");
    expect([...tensors["a"]!.data]).toEqual([1, 2]);
  });

  it("refuses to write a tensor whose data contradicts its shape", () => {
    expect(() => encodeSafetensors({ w: { shape: [2, 2], data: new Float32Array(3) } })).toThrow(
      "Expected 4 elements for tensor w of shape [2, 2], got 3.",
    );
  });
});

describe("safetensors, damaged files", () => {
  const whole = encodeSafetensors({ w: { shape: [3], data: Float32Array.of(1, 2, 3) } });
  const two = { a: entry(0, 8), b: entry(8, 16) };
  const longer = Uint8Array.of(...whole, 0);

  it.each([
    [
      "cut in the data",
      whole.subarray(0, -1),
      "Expected data of tensor w up to byte 12, got only 11 bytes of data",
    ],
    ["cut in the header", whole.subarray(0, 30), "got only 22 (the file is truncated)"],
    [
      "shorter than its length field",
      whole.subarray(0, 5),
      "Expected a safetensors file of at least 8 bytes, got 5 bytes",
    ],
    ["with trailing data", longer, "Expected 12 bytes of data, the end of w, got 1 trailing bytes"],
    [
      "with data and no tensors",
      file({}, 4),
      "Expected 0 bytes of data, the end of the header, got 4 trailing bytes",
    ],
    [
      "with an absurd length",
      file(two, 16, { length: 2n ** 63n }),
      "Expected a safetensors header of at most 100000000 bytes, got a length of 9223372036854775808",
    ],
    [
      "with broken JSON",
      file('{"a": ', 0),
      "Expected a safetensors header in JSON, got what cannot be parsed",
    ],
    [
      "with a header that is no object",
      file("[]", 0),
      "Expected a safetensors header that is an object",
    ],
    [
      "with overlapping tensors",
      file({ a: entry(0, 8), b: entry(4, 12) }, 12),
      "Expected data of tensor b after that of a, from byte 8, got an overlap from byte 4",
    ],
    [
      "with a tensor inside another",
      file({ a: entry(0, 16), b: entry(4, 8) }, 16),
      "an overlap from byte 4",
    ],
    [
      "with a gap",
      file({ a: entry(0, 8), b: entry(12, 16) }, 16),
      "Expected data of tensor b from byte 8, next to a, got a gap up to byte 12",
    ],
    [
      "with an offset out of range",
      file({ a: entry(0, 8), b: entry(8, 24) }, 16),
      "Expected data of tensor b up to byte 24, got only 16 bytes of data",
    ],
    [
      "with reversed offsets",
      file({ a: entry(8, 0, [2]) }, 8),
      "Expected data_offsets [begin, end] for tensor a, got [8,0]",
    ],
    [
      "with a negative offset",
      file({ a: entry(-8, 0, [2]) }, 0),
      "Expected data_offsets [begin, end] for tensor a, got [-8,0]",
    ],
    [
      "without offsets",
      file({ a: { dtype: "F32", shape: [1] } }, 4),
      "Expected data_offsets [begin, end] for tensor a, got none",
    ],
    [
      "with a length that contradicts the shape",
      file({ a: entry(0, 8, [3]) }, 8),
      "Expected 12 bytes for tensor a of F32 [3], got 8",
    ],
    [
      "with another dtype",
      file({ a: { ...entry(0, 8), dtype: "I64" } }, 8),
      'Expected tensor a of dtype F32, F16 or BF16, got "I64"',
    ],
    ["without a dtype", file({ a: 3 }, 0), "Expected a dtype for tensor a, got none"],
    [
      "with a dtype that is no name",
      file({ a: { ...entry(0, 8), dtype: 32 } }, 8),
      "Expected a dtype for tensor a, got 32",
    ],
    [
      "with a broken shape",
      file({ a: entry(0, 8, [-2]) }, 8),
      "Expected a shape of whole numbers for tensor a, got [-2]",
    ],
    [
      "with metadata that are no strings",
      file({ __metadata__: { a: 1 } }, 0),
      "Expected __metadata__ that maps strings to strings",
    ],
  ])("refuses a file %s", (_what, bytes, message) => {
    const run = (): unknown => decodeSafetensors(bytes, "weights.safetensors");
    expect(run).toThrow(EngineError);
    expect(run).toThrow(message);
    expect(run).toThrow("in weights.safetensors. ");
  });

  it("refuses a header that is not UTF-8", () => {
    const bytes = file('{"é":1}', 0);
    bytes[10] = 0xff;
    expect(() => decodeSafetensors(bytes, "f")).toThrow("Expected a safetensors header in JSON");
  });
});
