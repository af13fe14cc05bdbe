import { describe, expect, it } from "vitest";
import { textId } from "../../src/texts/ids.ts";

describe("textId", () => {
  it("is the first 128 bits of SHA-256 over the UTF-8 text", () => {
    // printf 'abc' | sha256sum → ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad (FIPS 180-2, B.1)
    expect(textId("abc")).toBe("ba7816bf8f01cfea414140de5dae2223");
  });

  it("is the same for composed and decomposed characters", () => {
    expect(textId("caf\u00e9")).toBe(textId("cafe\u0301"));
    // printf 'caf\303\251' | sha256sum
    expect(textId("cafe\u0301")).toBe("850f7dc43910ff890f8879c0ed26fe69");
  });

  it("tells apart what differs in white space or case", () => {
    expect(new Set(["a b", "a  b", "a b ", "A b"].map(textId)).size).toBe(4);
  });
});
