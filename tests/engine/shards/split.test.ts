import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSplittable, partOf, splitTexts } from "../../../src/engine/shards/split.ts";

const counts = (texts: number, shards: number) =>
  splitTexts(texts, shards).map((part) => part.texts);

describe("splitting a batch", () => {
  it("gives the larger parts first and leaves out empty ones", () => {
    expect(counts(8, 4)).toEqual([2, 2, 2, 2]);
    expect(counts(7, 3)).toEqual([3, 2, 2]);
    expect(counts(2, 4)).toEqual([1, 1]);
    expect(splitTexts(0, 4)).toEqual([{ shard: 0, first: 0, texts: 0 }]);
  });

  it("keeps every text, in order, in parts that differ by at most one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 40 }), (texts, n) => {
        const parts = splitTexts(texts, n);
        const whole = parts.flatMap((part) =>
          Array.from({ length: part.texts }, (_, place) => part.first + place),
        );
        expect(whole).toEqual(Array.from({ length: texts }, (_, text) => text));
        const sizes = parts.map((part) => part.texts);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(parts.map(({ shard }) => shard)).toEqual(parts.map((_, place) => place));
        expect(parts.length).toBe(Math.min(texts, n));
      }),
    );
  });

  it("cuts inputs by text and gives those without texts whole", () => {
    const inputs = {
      targets: { shape: ["B", 2], dtype: "float32" },
      lengths: { shape: ["B"], dtype: "int32" },
      weights: { shape: [2], dtype: "float32" },
      unread: { shape: ["B"], dtype: "float32" },
    } as const;
    const batch = {
      batch: 3,
      length: 1,
      inputs: {
        targets: Float32Array.of(1, 2, 3, 4, 5, 6),
        lengths: Int32Array.of(7, 8, 9),
        weights: Float32Array.of(10, 11),
      },
    };
    const plan = { inputs, used: ["targets", "lengths", "weights"] };
    expect(partOf(batch, plan, { shard: 1, first: 1, texts: 2 })).toEqual({
      batch: 2,
      length: 1,
      inputs: {
        targets: Float32Array.of(3, 4, 5, 6),
        lengths: Int32Array.of(8, 9),
        weights: Float32Array.of(10, 11),
      },
    });
  });

  it("refuses inputs whose texts do not lie one after the other", () => {
    const inputs = { turned: { shape: ["L", "B"], dtype: "float32" } } as const;
    expect(() => {
      checkSplittable({ inputs, used: ["turned"] });
    }).toThrow("Expected inputs with B as their first dimension, got turned [L, B].");
    const square = { pairs: { shape: ["B", "B"], dtype: "float32" } } as const;
    expect(() => {
      checkSplittable({ inputs: square, used: ["pairs"] });
    }).toThrow("got pairs [B, B]");
  });
});
