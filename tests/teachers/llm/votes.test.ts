import { describe, expect, it } from "vitest";
import { readVote, voteLogits } from "../../../teachers/llm/votes.ts";

describe("votes", () => {
  const named = { codes: ["A", "B", "C"], classes: ["card_arrival", "cash", "an answer"] };

  it.each([
    ["B", 1],
    [" b.\n", 1],
    ["Code: C", 2],
    ["**A**", 0],
    ["B = cash", 1],
    ["card_arrival", 0],
    ["Card arrival", 0],
    ["<think>A or B? It is C.</think>\nB", 1],
    ["A text about cash", null],
    ["D", null],
    ["", null],
    ["I cannot say", null],
  ])("%j names %s", (answer, expected) => {
    expect(readVote(answer, named)).toBe(expected);
  });

  it("become log((count + 1/C) / (n + 1))", () => {
    // Two for 0, one for 2, one for nobody: n = 3, C = 4, s = 1/4.
    const { logits, elsewhere } = voteLogits([0, 2, null, 0], 4)!;
    const expected = [2.25, 0.25, 1.25, 0.25].map((count) => Math.log(count / 4));
    expected.forEach((value, index) => {
      expect(logits[index]).toBeCloseTo(value, 6);
    });
    expect(elsewhere).toBe(0.25);
    expect(voteLogits([null, null], 4)).toBeNull();
  });
});
