import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadMajority, saveMajority, trainMajority } from "../../src/controls/majority.ts";
import { argmax } from "../../src/math/softmax.ts";

describe("trainMajority", () => {
  const model = trainMajority([2, 0, 2, 2, 1], 4);

  it("answers with smoothed log shares", () => {
    // Counts 1, 1, 3, 0 and one more of each: 2/9, 2/9, 4/9, 1/9.
    const expected = [2 / 9, 2 / 9, 4 / 9, 1 / 9].map(Math.log);
    const logits = model.logits(["one text", "another"]);
    [...expected, ...expected].forEach((value, place) => {
      expect(logits[place]).toBeCloseTo(value, 6);
    });
    expect(argmax(logits.subarray(0, 4))).toBe(2);
  });

  it("takes the first of equally common classes", () => {
    expect(argmax(trainMajority([1, 2], 3).logits([""]))).toBe(1);
  });

  it("answers alike after it was stored", async () => {
    const folder = await mkdtemp(join(tmpdir(), "limbeck-majority-"));
    await saveMajority(folder, model);
    expect((await loadMajority(folder)).logits(["a"])).toEqual(model.logits(["a"]));
    await rm(folder, { recursive: true });
    await expect(loadMajority(folder)).rejects.toMatchObject({ code: "E_TRAINING" });
  });
});
