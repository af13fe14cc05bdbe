import { describe, expect, it } from "vitest";
import { describeProcessor, featuresIn } from "../../src/platform/processor.ts";

describe("featuresIn", () => {
  it("keeps what decides a kernel's bits, of x86 and ARM", () => {
    const intel =
      "model name\t: X\nflags\t\t: fpu sse2 amx_int8 avx avx2 fma avx512f avx512_vnni ht\n";
    expect(featuresIn(`${intel}\n${intel}`)).toEqual([
      "amx_int8",
      "avx2",
      "avx512_vnni",
      "avx512f",
      "fma",
    ]);
    expect(featuresIn("Features\t: fp asimd evtstrm asimddp i8mm\n")).toEqual([
      "asimd",
      "asimddp",
      "i8mm",
    ]);
    expect(featuresIn("")).toEqual([]);
  });
});

describe("describeProcessor", () => {
  it("begins with the architecture", () => {
    expect(describeProcessor().split(" ")[0]).toBe(process.arch);
  });
});
