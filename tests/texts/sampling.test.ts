import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  apportion,
  draw,
  drawHeldOut,
  drawLabelled,
  drawTest,
  groupByClass,
  heldOutSize,
} from "../../src/texts/sampling.ts";
import { rowsOf } from "./rows.ts";

describe("draw", () => {
  const rows = rowsOf("a", 500);

  it("gives the same texts in the same order however the file is sorted", () => {
    const shuffledRows = fc.shuffledSubarray(rows, { minLength: rows.length });
    const expected = draw(rows, 20, "x", 0);
    fc.assert(
      fc.property(shuffledRows, (other) => {
        expect(draw(other, 20, "x", 0)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it("gives others for another seed", () => {
    const texts = (seed: number): Set<string> =>
      new Set(draw(rows, 50, "x", seed).map(({ text }) => text));
    const [first, second] = [texts(0), texts(1)];
    // Of 50 out of 500, 5 are expected in both; 20 would be seven deviations above (hypergeometric, deviation 2.0).
    expect([...first].filter((text) => second.has(text)).length).toBeLessThan(20);
  });

  it("is fair: every text comes first about as often as any other", () => {
    const ten = rows.slice(0, 10);
    const counts = new Map(ten.map(({ text }) => [text, 0]));
    for (let seed = 0; seed < 2000; seed += 1) {
      const { text } = draw(ten, 1, "fair", seed)[0]!;
      counts.set(text, counts.get(text)! + 1);
    }
    // 200 expected each, deviation √(2000 · 0.1 · 0.9) = 13.4; five deviations are 67.
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(67);
  });

  it("keeps most of a draw when texts are added", () => {
    const before = new Set(draw(rows.slice(0, 450), 50, "x", 0).map(({ id }) => id));
    const after = draw(rows, 50, "x", 0).filter(({ id }) => before.has(id));
    // A tenth of the texts is new: a draw made afresh would share 5, this one 45 on average.
    expect(after.length).toBeGreaterThan(35);
  });
});

describe("apportion", () => {
  it("gives every class a seat and the rest by size", () => {
    // 100 labels for 980, 10 and 10 texts: one each, 97 left for 979, 9, 9 beyond the first:
    // 97 · 979/997 = 95.25, 97 · 9/997 = 0.88 twice. Floors 95, 0, 0; the two left over go to the remainders .88.
    expect(apportion([980, 10, 10], 100)).toEqual([96, 2, 2]);
    expect(apportion([1, 1, 1], 3)).toEqual([1, 1, 1]);
  });

  it("gives as many as were asked for, and to no class more than it has", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), (all, part) => {
        const total = all.reduce((sum, size) => sum + size, 0);
        const count = all.length + Math.floor(part * (total - all.length));
        const seats = apportion(all, count);
        expect(seats.reduce((sum, seat) => sum + seat, 0)).toBe(count);
        for (const [at, seat] of seats.entries()) {
          expect(seat).toBeGreaterThanOrEqual(1);
          expect(seat).toBeLessThanOrEqual(all[at]!);
        }
      }),
    );
  });
});

describe("drawLabelled", () => {
  const rows = [...rowsOf("a", 30), ...rowsOf("b", 20), ...rowsOf("c", 7)];
  const groups = groupByClass(rows, ["a", "b", "c"]);
  const sizes = (budget: Parameters<typeof drawLabelled>[1]): number[] => {
    const drawn = drawLabelled(groups, budget, 0, false);
    return ["a", "b", "c"].map((name) => drawn.filter(({ label }) => label === name).length);
  };

  it("draws per class, a number in all, or everything", () => {
    expect(sizes({ perClass: 5 })).toEqual([5, 5, 5]);
    expect(sizes("all")).toEqual([30, 20, 7]);
    // One each, 25 left for 29, 19, 6 of 54 beyond the first: 13.4, 8.8, 2.8 → 13, 8, 2 and the two left to .8 and .8.
    expect(sizes({ count: 28 })).toEqual([14, 10, 4]);
  });

  it("says how many texts a class has that has too few", () => {
    expect(() => drawLabelled(groups, { perClass: 10 }, 0, true)).toThrow(
      'Expected at least 10 labelled texts in every class besides the test texts (data.labelled.perClass), got 7 in "c". ' +
        "Set perClass to 7 or less, use labelled: { count: N } or all, or add texts to the class.",
    );
    expect(() => drawLabelled(groups, { perClass: 25 }, 0, false)).toThrow(
      'in every class (data.labelled.perClass), got 20 in "b", 7 in "c".',
    );
  });

  it("says between which numbers a count must lie", () => {
    expect(() => drawLabelled(groups, { count: 2 }, 0, false)).toThrow(
      /between 3 \(one for each class\) and 57 .*, got 2\./,
    );
    expect(() => drawLabelled(groups, { count: 58 }, 0, false)).toThrow(
      /and 57 \(labelled texts that there are\), got 58\./,
    );
  });
});

describe("drawTest", () => {
  it("takes its share of each class, at least one text and never the last", () => {
    const groups = groupByClass(
      [...rowsOf("a", 100), ...rowsOf("b", 3), ...rowsOf("c", 1)],
      ["a", "b", "c"],
    );
    const drawn = drawTest(groups, 0.2, 0);
    expect(
      ["a", "b", "c"].map((name) => drawn.filter(({ label }) => label === name).length),
    ).toEqual([20, 1, 0]);
  });
});

describe("held-out texts", () => {
  it("are the share, at least 50, a fifth of few texts, at most 1,000", () => {
    expect(heldOutSize(9000, 0.05)).toBe(450);
    expect(heldOutSize(600, 0.05)).toBe(50); // not 30
    expect(heldOutSize(100, 0.05)).toBe(20); // a fifth, since 50 would be half
    expect(heldOutSize(1_000_000, 0.05)).toBe(1000);
    expect(heldOutSize(4, 0.05)).toBe(0);
    expect(heldOutSize(0, 0.05)).toBe(0);
    expect(heldOutSize(10, 0.99)).toBe(5); // never more than half
  });

  it("never hold the last text of a class whose labels were bought", () => {
    const drawn = drawHeldOut([...rowsOf("a", 3), ...rowsOf("b", 1)], 4, 0);
    expect(drawn.map(({ label }) => label)).toEqual(["a", "a"]);
  });
});
