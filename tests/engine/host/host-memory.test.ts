import { afterEach, describe, expect, it, vi } from "vitest";
import { HostMemory, memoryOf } from "../../../src/engine/host/host-memory.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("HostMemory", () => {
  it("has room for the arrays that it was made for: zeros, apart, at cache lines", () => {
    const lengths = [1, 0, 17, 100_000, 33];
    const memory = HostMemory.create(lengths)!;
    const arrays = lengths.map((length) => memory.allocate(length));
    arrays.forEach((array, index) => {
      expect(memoryOf(array)).toBe(memory);
      expect(array.length).toBe(lengths[index]);
      expect(array.byteOffset % 64).toBe(0);
      expect(array.every((value) => value === 0)).toBe(true);
      array.fill(index + 1);
    });
    for (const scratch of [...memory.scratch, memory.sums]) scratch.fill(-1);
    arrays.forEach((array, index) => {
      expect(array.every((value) => value === index + 1)).toBe(true);
    });
  });

  it("gives arrays of their own where it is full", () => {
    const memory = HostMemory.create([4])!;
    memory.allocate(4);
    const other = memory.allocate(100_000);
    expect(other.length).toBe(100_000);
    expect(memoryOf(other)).toBeUndefined();
  });

  it("copies out by slice into an ordinary array", () => {
    const copy = HostMemory.create([3])!.allocate(3).slice();
    expect(copy.buffer.byteLength).toBe(12);
    expect(memoryOf(copy)).toBeUndefined();
  });

  it("is not to be had above 4 GB", () => {
    // 2³⁰ float32 are 4 GB, beside which there is scratch.
    expect(HostMemory.create([2 ** 30])).toBeNull();
    expect(HostMemory.create([2 ** 29, 2 ** 29])).toBeNull();
  });

  it("is not to be had without WebAssembly, address space or SIMD", () => {
    vi.spyOn(WebAssembly, "Memory").mockImplementation(function () {
      throw new RangeError("could not allocate memory");
    });
    expect(HostMemory.create([1])).toBeNull();
    vi.restoreAllMocks();
    vi.spyOn(WebAssembly, "Instance").mockImplementation(function () {
      throw new WebAssembly.CompileError("SIMD unsupported");
    });
    expect(HostMemory.create([1])).toBeNull();
    vi.stubGlobal("WebAssembly", undefined);
    expect(HostMemory.create([1])).toBeNull();
  });

  it("does not hide other errors", () => {
    vi.spyOn(WebAssembly, "Instance").mockImplementation(function () {
      throw new WebAssembly.LinkError("no such import");
    });
    expect(() => HostMemory.create([1])).toThrow("no such import");
  });
});
