import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jobIdOf, nameShard, splitShards } from "../../src/fleet/shards.ts";

const store = "ab".repeat(32);
const textsOf = (ids: readonly string[]) => ids.map((id) => ({ id, text: `text ${id}` }));
const split = (ids: readonly string[], missing: readonly string[], size: number) =>
  splitShards({ store, texts: textsOf(ids), missing: new Set(missing), size });
const idsOf = (shards: ReturnType<typeof split>) =>
  shards.map(({ texts }) => texts.map(({ id }) => id));

describe("splitShards", () => {
  it("cuts the ids in their order into ranges of at most the size", () => {
    const ids = ["e", "a", "d", "c", "b"];
    expect(idsOf(split(ids, ids, 2))).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  });

  it("keeps the ranges of the whole corpus when some is labelled: no shard moves into another's place", () => {
    const ids = ["a", "b", "c", "d", "e"];
    // "a" is there: its range keeps "b" alone, and c, d stay together.
    expect(idsOf(split(ids, ["b", "c", "d", "e"], 2))).toEqual([["b"], ["c", "d"], ["e"]]);
    const all = split(ids, ids, 2);
    const later = split(ids, ["c", "d", "e"], 2);
    expect(later.map(({ name }) => name)).toEqual(all.slice(1).map(({ name }) => name));
  });

  it("asks for nothing when nothing is missing", () => {
    expect(split(["a", "b"], [], 2)).toEqual([]);
  });

  it("asks for every missing text once, whatever the order the corpus comes in", () => {
    const ids = fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{4}$/), { maxLength: 60 });
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 20 }), fc.nat(60), (some, size, gone) => {
        const missing = some.slice(gone);
        const shards = split(some, missing, size);
        expect(idsOf(shards).flat().sort()).toEqual([...missing].sort());
        expect(Math.max(0, ...shards.map(({ texts }) => texts.length))).toBeLessThanOrEqual(size);
        const again = split([...some].reverse(), missing, size);
        expect(again.map(({ name }) => name)).toEqual(shards.map(({ name }) => name));
      }),
    );
  });

  it("hands out the store's ranges whole where answers depend on the texts beside", () => {
    // First bytes 00, 00, 01 and 02: of range 00 one text is known and goes along, 01 is known as a whole.
    const texts = textsOf(["00aa", "00bb", "01aa", "02aa"]);
    const missing = new Set(["00bb", "02aa"]);
    const shards = splitShards({ store, texts, missing, size: 1, fixed: true });
    expect(shards.map((shard) => shard.texts)).toEqual([
      [{ ...texts[0]!, known: true }, texts[1]],
      [texts[3]],
    ]);
    expect(shards.map((shard) => shard.missing)).toEqual([1, 1]);
  });

  it.each([0, -1, 1.5, NaN])("refuses shards of %s texts", (size) => {
    expect(() => split(["a"], ["a"], size)).toThrow(RangeError);
  });
});

describe("names and job ids", () => {
  it("differ by store and by ids, and are such as BullMQ takes", () => {
    const other = "cd".repeat(32);
    const names = [
      nameShard(store, textsOf(["a", "b"])),
      nameShard(store, textsOf(["a"])),
      nameShard(other, textsOf(["a"])),
      nameShard(store, [{ id: "a", text: "text a", known: true }]),
    ];
    expect(new Set(names).size).toBe(names.length);
    // No colon, and no bare number, which BullMQ refuses.
    expect(jobIdOf(store, names[0]!)).toMatch(/^[0-9a-f]{16}-[0-9a-f]{32}$/);
  });
});
