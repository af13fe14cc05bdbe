import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestOf, sha256, sha256File } from "../../src/platform/digest.ts";

// NIST FIPS 180-2, appendix B.1.
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

describe("sha256", () => {
  it("agrees with the standard's example, as text, bytes and file", async () => {
    expect(sha256("abc")).toBe(ABC);
    expect(sha256(new Uint8Array([97, 98, 99]))).toBe(ABC);
    const folder = await mkdtemp(join(tmpdir(), "limbeck-digest-"));
    await writeFile(join(folder, "abc"), "abc");
    expect(await sha256File(join(folder, "abc"))).toBe(ABC);
    await rm(folder, { recursive: true });
  });
});

describe("canonicalJson", () => {
  it("does not depend on the order of keys, at any depth", () => {
    const one = { b: 1, a: { d: [1, { f: 2, e: 3 }], c: null } };
    const other = { a: { c: null, d: [1, { e: 3, f: 2 }] }, b: 1 };
    expect(canonicalJson(one)).toBe('{"a":{"c":null,"d":[1,{"e":3,"f":2}]},"b":1}');
    expect(digestOf(one)).toBe(digestOf(other));
  });

  it("keeps the order of lists", () => {
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
  });

  it("takes an undefined value for none", () => {
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
  });

  it("sorts by code unit, not by locale", () => {
    expect(canonicalJson({ a: 1, B: 2, ä: 3, Z: 4 })).toBe('{"B":2,"Z":4,"a":1,"ä":3}');
  });
});
