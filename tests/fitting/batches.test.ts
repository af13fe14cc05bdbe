import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochBatches, makeBatch, sortedBatches } from "../../src/fitting/batches.ts";
import { toySet } from "./toy-program.ts";

const lengthsOf = fc
  .array(fc.integer({ min: 2, max: 128 }), { minLength: 1, maxLength: 500 })
  .map((list) => Int32Array.from(list));

describe("epochBatches", () => {
  it("brings every text once in every epoch, in ceil(N / B) batches", () => {
    fc.assert(
      fc.property(
        lengthsOf,
        fc.integer({ min: 1, max: 70 }),
        fc.nat(50),
        (lengths, batch, epoch) => {
          const batches = epochBatches(lengths, { batch, seed: 7, epoch });
          expect(batches).toHaveLength(Math.ceil(lengths.length / batch));
          expect(batches.every((rows) => rows.length <= batch)).toBe(true);
          const rows = batches.flatMap((one) => [...one]).sort((a, b) => a - b);
          expect(rows).toEqual([...lengths.keys()]);
        },
      ),
    );
  });

  const lengths = Int32Array.from({ length: 3000 }, (_, row) => 2 + ((row * 37) % 60));
  const flat = (seed: number, epoch: number) =>
    epochBatches(lengths, { batch: 32, seed, epoch }).map((rows) => [...rows]);

  it("draws the same for the same seed and epoch, another order for another", () => {
    expect(flat(0, 3)).toEqual(flat(0, 3));
    expect(flat(0, 3)).not.toEqual(flat(0, 4));
    expect(flat(0, 3)).not.toEqual(flat(1, 3));
  });

  it("puts texts of like length together, so that little is padded", () => {
    const batches = flat(0, 0);
    const padded = batches.reduce(
      (sum, rows) => sum + rows.length * Math.max(...rows.map((row) => lengths[row]!)),
      0,
    );
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    // Twenty sorted batches over lengths 2 … 61 span about 3 pieces each: half of it is padding, under 6 % of 31.
    // Without sorting a batch of 32 is as long as the longest, about 60: twice the tokens.
    expect(padded / tokens).toBeLessThan(1.08);
  });

  it("mixes the batches: short texts do not come first", () => {
    const means = flat(0, 0).map(
      (rows) => rows.reduce((sum, row) => sum + lengths[row]!, 0) / rows.length,
    );
    const half = means.length / 2;
    const mean = (part: number[]) => part.reduce((sum, value) => sum + value, 0) / part.length;
    expect(Math.abs(mean(means.slice(0, half)) - mean(means.slice(half)))).toBeLessThan(8);
  });
});

describe("sortedBatches", () => {
  it("brings every text once, by length", () => {
    const lengths = Int32Array.from([5, 2, 9, 2, 7]);
    expect(sortedBatches(lengths, 2).map((rows) => [...rows])).toEqual([[1, 3], [0, 4], [2]]);
  });
});

describe("makeBatch", () => {
  const set = toySet({ rows: 50, classes: 5 });

  it("pads to the longest text of the batch and masks by length", () => {
    const rows = Int32Array.from([4, 0, 17]);
    const { batch, length, tokens, inputs } = makeBatch(set, rows, {
      teacherLogits: false,
      labels: false,
    });
    const lengths = [...rows].map((row) => set.offsets[row + 1]! - set.offsets[row]!);
    expect([batch, length]).toEqual([3, Math.max(...lengths)]);
    lengths.forEach((own, place) => {
      const row = rows[place]!;
      const text = [...set.tokens.slice(set.offsets[row], set.offsets[row + 1])];
      const padding = new Array<number>(length - own).fill(0);
      expect([...tokens!.slice(place * length, (place + 1) * length)]).toEqual([
        ...text,
        ...padding,
      ]);
      expect([...inputs["mask"]!.slice(place * length, (place + 1) * length)]).toEqual([
        ...text.map(() => 1),
        ...padding,
      ]);
    });
    expect(Object.keys(inputs)).toEqual(["mask"]);
  });

  it("masks a padding piece that a text holds as a token", () => {
    const odd = {
      ...set,
      rows: 1,
      tokens: Int32Array.from([1, 0, 2]),
      offsets: Int32Array.from([0, 3]),
    };
    const { inputs } = makeBatch(odd, Int32Array.from([0]), {
      teacherLogits: false,
      labels: false,
    });
    expect([...inputs["mask"]!]).toEqual([1, 1, 1]);
  });

  it("keeps every text with its own targets through shuffling", () => {
    // In the toy set the class is told by a piece of the text, 2 + class, and the teacher's argmax is the class.
    for (const rows of epochBatches(
      Int32Array.from(set.labels.keys(), (row) => set.offsets[row + 1]! - set.offsets[row]!),
      { batch: 8, seed: 3, epoch: 1 },
    )) {
      const { length, tokens, inputs } = makeBatch(set, rows, {
        teacherLogits: true,
        labels: true,
      });
      rows.forEach((_, place) => {
        const text = tokens!.subarray(place * length, (place + 1) * length);
        const scores = [...inputs["teacherLogits"]!.subarray(place * 5, (place + 1) * 5)];
        const told = text.find((piece) => piece >= 2 && piece < 7)! - 2;
        expect(scores.indexOf(4)).toBe(told);
        expect(inputs["labels"]![place]).toBe(told);
      });
    }
  });
});
