import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compareStores } from "../../src/labels/compare-stores.ts";
import { openStoreAt } from "../../src/labels/open-store.ts";
import { textId } from "../../src/texts/ids.ts";
import { writeStore } from "./stored.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-compare-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const ln = Math.log;
const open = async (...parameters: Parameters<typeof writeStore>) =>
  await openStoreAt((await writeStore(...parameters)).root);

describe("compareStores", () => {
  it("joins texts by id and classes by name", async () => {
    const a = await open(
      folder,
      { x: [ln(0.5), ln(0.5)], y: [ln(0.8), ln(0.2)], only: [0, 0] },
      {
        labels: ["p", "q"],
        name: "A",
      },
    );
    // B names its classes the other way round; of y it says q 0.6, p 0.4.
    const b = await open(
      folder,
      { y: [ln(0.6), ln(0.4)], x: [ln(0.5), ln(0.5)] },
      {
        labels: ["q", "p"],
        name: "B",
      },
    );
    const found = await compareStores(a, b, 5);
    expect(found).toMatchObject({ common: 2, onlyA: 1, onlyB: 0, agreement: 0.5 });
    // x is the same. y: KL = 0.8 ln(0.8/0.4) + 0.2 ln(0.2/0.6) = 0.8 ln 2 − 0.2 ln 3; its half is the mean.
    expect(found.divergence).toBeCloseTo((0.8 * ln(2) - 0.2 * ln(3)) / 2, 6);
    // ½(|0.8 − 0.4| + |0.2 − 0.6|) = 0.4, and half of that.
    expect(found.variation).toBeCloseTo(0.2, 6);
    // Of the two texts that A takes for p, B takes y for q. A shift by position would make it x.
    expect(found.classes[0]).toEqual({ label: "p", texts: 2, disagreement: 0.5, instead: "q" });
    expect(found.texts.map(({ id, a, b }) => [id, a.label, b.label])).toEqual([
      [textId("y"), "p", "q"],
    ]);
    expect(found.texts[0]!.a.probability).toBeCloseTo(0.8, 6);
    expect(found.texts[0]!.b.probability).toBeCloseTo(0.6, 6);
    expect(found.texts[0]!.distance).toBeCloseTo(0.4, 6);
  });

  it("shows the texts that differ most, the worst first", async () => {
    const certain = (index: number, weight: number) =>
      [0, 1, 2].map((at) => (at === index ? weight : 0));
    const names = ["t0", "t1", "t2", "t3"];
    const a = await open(folder, Object.fromEntries(names.map((name) => [name, certain(0, 5)])), {
      name: "A",
    });
    const b = await open(
      folder,
      // The further B leans to another class, the further they are apart.
      Object.fromEntries(names.map((name, at) => [name, certain(1, [1, 9, 0, 4][at]!)])),
      { name: "B" },
    );
    const { texts } = await compareStores(a, b, 2);
    expect(texts.map(({ id }) => id)).toEqual([textId("t1"), textId("t3")]);
    expect((await compareStores(a, b, 0)).texts).toEqual([]);
  });

  it("finds nothing between a store and itself", async () => {
    const a = await open(folder, { x: [1, 2, 3], y: [3, 2, 1] });
    const found = await compareStores(a, a, 3);
    expect(found).toMatchObject({ agreement: 1, divergence: 0, variation: 0, texts: [] });
    expect(found.classes.every(({ disagreement, instead }) => disagreement === 0 && !instead)).toBe(
      true,
    );
  });

  it("refuses other classes, naming the difference, and stores without a common text", async () => {
    const a = await open(folder, { x: [1, 2, 3] });
    const b = await open(folder, { x: [1, 2, 3] }, { labels: ["a", "b", "z"] });
    await expect(compareStores(a, b, 1)).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringContaining("only A has c; only B has z.") as string,
    });
    const c = await open(folder, { y: [1, 2, 3] }, { name: "C" });
    await expect(compareStores(a, c, 1)).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringContaining("got 1 and 1 texts, all different") as string,
    });
  });
});
