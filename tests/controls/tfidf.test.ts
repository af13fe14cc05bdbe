import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { extractTerms, Tfidf } from "../../src/controls/tfidf.ts";

interface Fixture {
  texts: string[];
  unseen: string[];
  idf: Record<string, number>;
  tfidf: Record<string, number>[];
  unseenTfidf: Record<string, number>[];
}

// scikit-learn's TfidfVectorizer; generator: tests/fixtures/generators/linear_control.py
const fixture = JSON.parse(
  readFileSync(new URL("../fixtures/controls/linear.json", import.meta.url), "utf8"),
) as Fixture;

function expectRows(
  tfidf: Tfidf,
  texts: readonly string[],
  expected: readonly Record<string, number>[],
): void {
  const { starts, columns, values } = tfidf.transform(texts);
  expect(starts).toHaveLength(expected.length + 1);
  for (const [row, terms] of expected.entries()) {
    const found = new Map<string, number>();
    for (let entry = starts[row]!; entry < starts[row + 1]!; entry += 1) {
      found.set(tfidf.terms[columns[entry]!]!, values[entry]!);
    }
    expect([...found.keys()].sort()).toEqual(Object.keys(terms).sort());
    for (const [term, value] of Object.entries(terms))
      expect(found.get(term)).toBeCloseTo(value, 9);
  }
}

describe("extractTerms", () => {
  it("takes runs of two word characters of any script, lower-cased, and their neighbours in pairs", () => {
    expect(extractTerms("I saw Été, a_b 9é!")).toEqual([
      "saw",
      "été",
      "a_b",
      "9é",
      "saw été",
      "été a_b",
      "a_b 9é",
    ]);
  });

  it("finds nothing in a text without words", () => {
    expect(extractTerms("a ! ?")).toEqual([]);
    expect(extractTerms("")).toEqual([]);
  });
});

describe("Tfidf", () => {
  const tfidf = Tfidf.fit(fixture.texts);

  it("has scikit-learn's terms and inverse document frequencies", () => {
    expect([...tfidf.terms].sort()).toEqual(Object.keys(fixture.idf).sort());
    for (const [column, term] of tfidf.terms.entries()) {
      expect(tfidf.idf[column]).toBeCloseTo(fixture.idf[term]!, 9);
    }
  });

  it("gives scikit-learn's values for texts that it has seen and others", () => {
    expectRows(tfidf, fixture.texts, fixture.tfidf);
    expectRows(tfidf, fixture.unseen, fixture.unseenTfidf);
  });

  it("keeps the terms of the most texts where there are too many", () => {
    // aa is in three texts, bb in two, all else in one; of equals the first by code unit stays.
    expect(Tfidf.fit(["aa bb", "aa cc", "bb aa"], 3).terms).toEqual(["aa", "aa bb", "bb"]);
  });

  it("gives the same values from terms and frequencies that were stored", () => {
    const again = new Tfidf(tfidf.terms, tfidf.idf);
    expect(again.transform(fixture.unseen)).toEqual(tfidf.transform(fixture.unseen));
  });
});
