import { describe, expect, it } from "vitest";
import { compareCalibration, settleTestTexts } from "../../src/evaluation/teacher-on-test.ts";
import { readGold } from "../../src/evaluation/test-texts.ts";

const CLASSES = ["a", "b"];
const rows = ["a", "b", "a", "a"].map((label, at) => ({ id: `${at}`, text: `text ${at}`, label }));
const logits = Float32Array.of(1, 0, 2, 0, 3, 0, 4, 0);

const settle = (missing: number[], uncalibrated: Float32Array | null = null) =>
  settleTestTexts(
    readGold(rows, CLASSES),
    {
      teacherAnswers: () =>
        Promise.resolve({ logits, missing: Int32Array.from(missing), uncalibrated }),
    },
    CLASSES,
  );

describe("settleTestTexts", () => {
  it("keeps every text where the teacher answered all", async () => {
    const { test, logits: kept, unanswered } = await settle([]);
    expect([test.rows.length, kept, unanswered]).toEqual([4, logits, 0]);
    expect(test.notes).toEqual([]);
  });

  it("compares on the texts that the teacher answered, where those are at least half", async () => {
    const { test, logits: kept, unanswered } = await settle([0, 1]);
    expect(test.rows.map(({ id }) => id)).toEqual(["2", "3"]);
    expect([...test.gold!]).toEqual([0, 0]);
    expect([...kept!]).toEqual([3, 0, 4, 0]);
    expect(unanswered).toBe(2);
    // The only text of b is among those that were left out.
    expect(test.absentClasses).toEqual(["b"]);
    expect(test.notes.at(-1)).toMatch(
      /left 2 of 4 test texts unanswered: every system is scored on the other 2/,
    );
  });

  it.each([
    [[0, 1, 2], "only 1"],
    [[0, 1, 2, 3], "none"],
  ])(
    "keeps the texts and leaves the teacher out where %j are unanswered",
    async (missing, words) => {
      const { test, logits: kept } = await settle(missing);
      expect(test.rows).toHaveLength(4);
      expect(kept).toBeNull();
      expect(test.notes.at(-1)).toContain(`The teacher answered ${words} of 4 test texts`);
    },
  );
});

describe("compareCalibration", () => {
  it("scores the same texts before and after", async () => {
    // Halved logits are less sure; of b's text the teacher is wrong.
    const settled = await settle(
      [],
      logits.map((value) => 2 * value),
    );
    const { before, after } = compareCalibration(settled, 2)!;
    // −log σ(z) of the three that are right, −log σ(−z) of the one that is wrong
    const loss = (scale: number) =>
      [1, -2, 3, 4].reduce((sum, z) => sum + Math.log(1 + Math.exp(-scale * z)), 0) / 4;
    expect(before.nll).toBeCloseTo(loss(2), 6);
    expect(after.nll).toBeCloseTo(loss(1), 6);
    expect(compareCalibration(await settle([]), 2)).toBeNull();
  });
});
