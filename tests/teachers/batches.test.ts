import { describe, expect, it } from "vitest";
import { cutBatches } from "../../teachers/transformers/batches.ts";
import { RunningModel } from "../../teachers/transformers/running-model.ts";
import { sessionOf } from "../../teachers/encoder-head/open-encoders.ts";
import { logitsOptions } from "../../teachers/transformers/open-logits.ts";
import { packRows } from "../../teachers/transformers/pack.ts";

import { MODEL } from "./helpers.ts";

/** Texts of these lengths; each token's id names its text, each type its place in it. */
const blockOf = (lengths: readonly number[]) =>
  packRows(
    lengths.map((length, text) => ({
      ids: new Int32Array(length).fill(text),
      types: Int32Array.from({ length }, (_, place) => place),
    })),
  );

const cut = (lengths: readonly number[], texts: number, tokens: number): number[][] =>
  [...cutBatches(blockOf(lengths), { texts, tokens })].map((batch) => [...batch.lengths]);

describe("cutBatches", () => {
  it("counts padding: a batch is as many texts as its longest text times their number allows", () => {
    // 4 · 4 = 16 tokens are allowed, a fifth text of 4 makes 20; 3 · 5 = 15, and a fourth of 6 makes 24.
    expect(cut([1, 2, 3, 4, 4, 5, 5, 6], 32, 16)).toEqual([[1, 2, 3, 4], [4, 5, 5], [6]]);
  });

  it("counts the longest text wherever it stands", () => {
    expect(cut([6, 1, 1, 1], 32, 12)).toEqual([
      [6, 1],
      [1, 1],
    ]);
  });

  it("takes no more texts than it may, and a text that is too long alone", () => {
    expect(cut([1, 1, 1, 1, 1], 2, 100)).toEqual([[1, 1], [1, 1], [1]]);
    expect(cut([20, 30, 2, 2], 32, 10)).toEqual([[20], [30], [2, 2]]);
    expect(cut([20, 30, 2], 2, Infinity)).toEqual([[20, 30], [2]]);
    expect(cut([], 2, 10)).toEqual([]);
  });

  it("keeps each text's tokens and types, and says where it stands in the block", () => {
    const lengths = [2, 3, 3, 1];
    const texts: number[][] = [];
    for (const batch of cutBatches(blockOf(lengths), { texts: 2, tokens: 6 })) {
      let offset = 0;
      batch.lengths.forEach((length, row) => {
        const ids = batch.ids.subarray(offset, offset + length);
        expect([...ids]).toEqual(new Array<number>(length).fill(batch.first + row));
        expect([...batch.types!.subarray(offset, offset + length)]).toEqual(
          Array.from({ length }, (_, place) => place),
        );
        texts.push([...ids]);
        offset += length;
      });
      expect(offset).toBe(batch.ids.length);
    }
    expect(texts.map(({ length }) => length)).toEqual(lengths);
  });
});

describe("a model whose answers depend on the batch", () => {
  it("gets batches of as many texts however long they are, as its teacher's description says", async () => {
    const model = { folder: MODEL, dtype: "q8", task: "features" } as const;
    const sizes = async (fixed: boolean) => {
      const running = await RunningModel.load(model, fixed);
      const parts = [...running.batches(blockOf([200, 200, 200]), 2)];
      await running.close();
      return parts.map(({ lengths }) => lengths.length);
    };
    expect(await sizes(true)).toEqual([2, 1]);
    expect(await sizes(false)).toEqual([1, 1, 1]);
  });

  it.each([true, false])("its sessions are opened so: %s", (fixed) => {
    const encoder = { folder: { path: "m", size: 3 }, description: { dtype: "q8" }, fixed };
    expect(sessionOf(encoder as unknown as Parameters<typeof sessionOf>[0]).fixed).toBe(fixed);
    const classifier = { folder: { path: "m" }, labels: ["a"], plan: fixed ? "fixed" : "free" };
    expect(
      logitsOptions(classifier as unknown as Parameters<typeof logitsOptions>[0], "q8").fixed,
    ).toBe(fixed);
  });
});
