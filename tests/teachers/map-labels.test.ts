import { describe, expect, it } from "vitest";
import { mapLabels } from "../../teachers/classifier/map-labels.ts";
import { mapClasses } from "../../teachers/classifier/class-logits.ts";
import type { ClassificationModel } from "../../teachers/transformers/classification-model.ts";

const map = (labels: string[], classes: string[], table: Record<string, string | null> = {}) =>
  mapLabels({ labels, classes, table, folder: "model" });

describe("mapLabels", () => {
  it("goes by the very name before it goes by a similar one", () => {
    // "a b" and "a_b" differ by name only; each has its own class.
    expect(map(["a_b", "a b"], ["a b", "a_b"]).columns).toEqual([[1], [0]]);
  });

  it.each(["Card Arrival", "card-arrival", "CARD_ARRIVAL", "cardArrival"])(
    "takes %s for card_arrival",
    (label) => {
      expect(map(["refund", label], ["card_arrival", "refund"]).columns).toEqual([[1], [0]]);
    },
  );

  it("does not guess between two that are alike", () => {
    expect(() => map(["A B", "c"], ["a_b", "a-b", "c"])).toThrow('no class for the model\'s "A B"');
    expect(() => map(["A B", "a-b", "c"], ["a_b", "c"])).toThrow('"A B", a-b');
  });

  it("follows the table, drops what it maps to null and joins what it maps to one class", () => {
    const table = { "1 star": "bad", "2 stars": "bad", "3 stars": null, "5 stars": "good" };
    const mapping = map(["1 star", "2 stars", "3 stars", "5 stars"], ["bad", "good"], table);
    expect(mapping).toEqual({ columns: [[0, 1], [3]], dropped: ["3 stars"] });
  });

  it("lets the table stand before the name", () => {
    expect(map(["a", "b"], ["a", "b"], { a: "b", b: "a" }).columns).toEqual([[1], [0]]);
  });

  it("names labels and classes of the table that do not exist", () => {
    expect(() => map(["a", "b"], ["a", "b"], { c: "a" })).toThrow("got c.");
    expect(() => map(["a", "b"], ["a", "b"], { a: "x" })).toThrow("got x.");
  });

  it("refuses a class that every label was taken from", () => {
    expect(() => map(["a", "b"], ["a", "b"], { a: null })).toThrow("no label for the data's a");
  });

  it("says what to write", () => {
    expect(() => map(["LABEL_0", "LABEL_1"], ["no", "yes"])).toThrow(
      'teacher.labels: { "LABEL_0": "no" }',
    );
  });
});

describe("mapClasses", () => {
  const model = { labels: ["a", "b", "c"], problem: null, folder: { path: "model" } };
  it("joins labels of one class so that their probabilities add up", () => {
    const table = { a: "x", b: "x", c: "y" };
    const joined = mapClasses(model as unknown as ClassificationModel, ["x", "y"], {
      labels: table,
    });
    // exp(log 1) + exp(log 2) = 3 and exp(log 5) = 5: probabilities 3/8 and 5/8, as 1/8 + 2/8 and 5/8 before.
    const row = joined.apply(Float32Array.from([1, 2, 5], Math.log));
    expect(row[0]).toBeCloseTo(Math.log(3), 6);
    expect(row[1]).toBeCloseTo(Math.log(5), 6);
  });
});
