import { describe, expect, it } from "vitest";
import { chooseColumns } from "../../src/texts/columns.ts";

const choose = (columns: string[], wanted = {}, labels = true) =>
  chooseColumns(columns, { file: "a.csv", columns: wanted, labels });

describe("chooseColumns", () => {
  it.each([
    [["label", "text"], "text", "label"],
    [["Intent", "Utterance"], "Utterance", "Intent"],
    [["id", "Review_Text", "sentiment"], "Review_Text", "sentiment"],
    [["title", "text", "category"], "text", "category"], // text comes before title
    [["text", "label", "label_text"], "text", "label_text"], // names come before numbers
    [["label", "phrase"], "phrase", "label"], // of two columns the one that is not the label
    [["text", "mood"], "text", null], // never guesses that an unknown column is the label
  ])("finds texts and labels in %j", (columns, text, label) => {
    expect(choose(columns)).toEqual({ text, label, guessed: true });
  });

  it("prefers what the recipe names", () => {
    expect(choose(["text", "title", "label", "mood"], { text: "title", label: "mood" })).toEqual({
      text: "title",
      label: "mood",
      guessed: false,
    });
  });

  it("suggests the nearest column for one that is not there", () => {
    expect(() => choose(["text", "intent"], { label: "intnet" })).toThrow(
      'a.csv:1: Expected a column "intnet" (data.columns.label), got the columns "text", "intent". Did you mean "intent"?',
    );
    expect(() => choose(["text", "intent"], { text: "zzz" })).toThrow(
      /Name one of them in data\.columns\.text\.$/,
    );
  });

  it("does not ask for the label column of a file whose labels are not read", () => {
    expect(choose(["text"], { label: "intent" }, false)).toEqual({
      text: "text",
      label: null,
      guessed: true,
    });
  });

  it("does not choose between two columns that may be the texts", () => {
    expect(() => choose(["label", "text_a", "text_b"])).toThrow(/Expected a column of texts/);
  });
});
