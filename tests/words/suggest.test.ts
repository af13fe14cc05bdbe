import { describe, expect, it } from "vitest";
import { nearest, suggestion } from "../../src/words/suggest.ts";

const KEYS = ["epochs", "batch", "learningRate", "weightDecay", "patience"];

describe("nearest", () => {
  it.each([
    ["epohcs", "epochs"], // neighbours swapped
    ["epoch", "epochs"], // a letter missing
    ["learning_rate", "learningRate"], // another style of writing
    ["LearningRate", "learningRate"],
    ["weight", "weightDecay"], // the start of one key
    ["colour", null],
    ["", null],
  ])("%s → %s", (word, expected) => {
    expect(nearest(word, KEYS)).toBe(expected);
  });

  it("prefers the nearer of two", () => {
    expect(nearest("tranform", ["transfer", "transform"])).toBe("transform");
  });

  it("does not choose between two that begin alike", () => {
    expect(nearest("on", ["onnx-int8", "onnx-fp16"])).toBeNull();
  });
});

describe("suggestion", () => {
  it("falls back to the list", () => {
    expect(suggestion("zzz", ["a", "b"], "Known keys")).toBe("Known keys: a, b.");
    expect(suggestion(5, ["a", "b"], "Known keys")).toBe("Known keys: a, b.");
  });
});
