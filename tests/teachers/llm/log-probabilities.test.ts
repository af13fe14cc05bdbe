import { describe, expect, it } from "vitest";
import { codeLogits, codeMass, readAlternatives } from "../../../teachers/llm/log-probabilities.ts";

const of = (masses: Record<string, number>) =>
  Object.entries(masses).map(([token, mass]) => ({ token, logprob: Math.log(mass) }));
const close = (got: ArrayLike<number>, expected: readonly number[]) => {
  expect(got.length).toBe(expected.length);
  expected.forEach((value, index) => {
    expect(got[index]).toBeCloseTo(value, 5);
  });
};

describe("logits from log-probabilities", () => {
  it("are the logarithms of the codes' shares, spellings of a code summed", () => {
    // A: 0.4 + 0.1 with a space before it, B: 0.3; 0.8 on codes.
    const result = codeLogits(of({ A: 0.4, " A": 0.1, B: 0.3, The: 0.2 }), ["A", "B"])!;
    close(result.logits, [Math.log(0.5 / 0.8), Math.log(0.3 / 0.8)]);
    expect(result.elsewhere).toBeCloseTo(0.2, 6);
  });

  it("give unseen codes what is left over, none more than the least alternative", () => {
    // 0.9 is told, 0.1 is left for two unseen codes: 0.05 each, which is the least alternative as well.
    const even = codeLogits(of({ A: 0.85, B: 0.05 }), ["A", "B", "C", "D"])!;
    close(even.logits, [0.85, 0.05, 0.05, 0.05].map(Math.log));
    // One unseen code: 0.1 is left, the least alternative is 0.04.
    const least = codeLogits(of({ A: 0.86, B: 0.04 }), ["A", "B", "C"])!;
    close(
      least.logits,
      [0.86, 0.04, 0.04].map((mass) => Math.log(mass / 0.94)),
    );
    expect(least.elsewhere).toBeCloseTo(0.1, 6);
  });

  it("do not take a word for a code that it begins with, nor a small letter for a capital", () => {
    expect(codeLogits(of({ An: 0.5, a: 0.4 }), ["A", "B"])).toBeNull();
  });

  it("stay finite where a server gives minus infinity its own number", () => {
    const { logits } = codeLogits(
      [
        { token: "A", logprob: 0 },
        { token: "B", logprob: -9999 },
      ],
      ["A", "B"],
    )!;
    close(logits, [Math.log(1 / (1 + 1e-10)), Math.log(1e-10)]);
  });

  it("see codes that the tokenizer splits", () => {
    const mass = codeMass(of({ "1": 0.9, "12": 0.05, x: 0.05 }), ["11", "12"]);
    expect(mass.beginnings).toBeCloseTo(0.9, 6);
    expect(mass.codes).toBeCloseTo(0.05, 6);
  });
});

describe("alternatives", () => {
  it("are read in the forms of chat and of completions, the drawn token included", () => {
    const chat = {
      logprobs: {
        content: [{ token: "C", logprob: -3, top_logprobs: [{ token: "A", logprob: -1 }] }],
      },
    };
    const old = { logprobs: { tokens: ["C"], token_logprobs: [-3], top_logprobs: [{ A: -1 }] } };
    const expected = [
      { token: "A", logprob: -1 },
      { token: "C", logprob: -3 },
    ];
    expect(readAlternatives(chat)).toEqual(expected);
    expect(readAlternatives(old)).toEqual(expected);
  });

  it("are none where the server gives none, in whatever words", () => {
    for (const choice of [
      {},
      { logprobs: null },
      { logprobs: { content: [] } },
      { logprobs: { content: null } },
      null,
      3,
    ])
      expect(readAlternatives(choice)).toBeNull();
  });
});
