import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assembleSplits, type AssembledSplits, type SplitInput } from "../../src/texts/assemble.ts";
import { classesOf } from "../../src/texts/class-checks.ts";
import { SPLITS } from "../../src/types.ts";
import { row, rowsOf } from "./rows.ts";

type Rules = Parameters<typeof assembleSplits>[1];
const defaults: Rules = { labelled: "all", testShare: 0.2, validationShare: 0.05, seed: 0 };

function assemble(input: Partial<SplitInput>, rules: Partial<Rules> = {}): AssembledSplits {
  const whole = {
    pool: [],
    validation: null,
    test: null,
    places: new Map<string, string>(),
    ...input,
  };
  return assembleSplits(whole, { ...defaults, ...rules });
}

const sizes = ({ splits }: AssembledSplits): number[] =>
  SPLITS.map((split) => splits[split].length);
const texts = (rows: readonly { text: string }[]): string[] => rows.map(({ text }) => text);

describe("assembleSplits", () => {
  const pool = [...rowsOf("a", 100), ...rowsOf("b", 100)];
  const test = [row("unseen 1", "a"), row("unseen 2", "b")];

  it("buys what the budget says; the rest is the transfer set without labels", () => {
    const result = assemble({ pool, test }, { labelled: { perClass: 10 } });
    expect(sizes(result)).toEqual([20, 144, 36, 2]); // 200 − 20 = 180, of which a fifth is held out
    expect(result.splits.labelled.every(({ label }) => label !== null)).toBe(true);
    for (const split of ["transfer", "validation"] as const) {
      expect(result.splits[split].every(({ label }) => label === null)).toBe(true);
    }
    expect(result.validation).toBe("transfer");
    expect(result.perClass).toEqual({
      a: { labelled: 10, available: 100, test: 1 },
      b: { labelled: 10, available: 100, test: 1 },
    });
  });

  it("draws the same labels when texts that were not drawn are taken away", () => {
    const before = assemble({ pool, test }, { labelled: { perClass: 10 } });
    const bought = new Set(before.splits.labelled.map(({ id }) => id));
    const others = pool.filter(({ id }) => !bought.has(id)).slice(0, 50);
    const less = pool.filter((entry) => !others.includes(entry));
    const after = assemble({ pool: less, test }, { labelled: { perClass: 10 } });
    expect(texts(after.splits.labelled)).toEqual(texts(before.splits.labelled));
  });

  it("takes texts that are also in validation or test out of the pool, and test texts out of validation", () => {
    const result = assemble({
      pool: [...pool, ...test, row("dev", "a")],
      validation: [row("dev", "a"), row("unseen 2", "b")],
      test,
    });
    expect(result.alsoInEvaluation).toBe(3);
    expect(result.validationInTest).toBe(1);
    expect(texts(result.splits.validation)).toEqual(["dev"]);
    expect(result.splits.validation[0]?.label).toBe("a");
    expect(result.validation).toBe("gold");
    expect(sizes(result)).toEqual([200, 0, 1, 2]);
  });

  it("makes a test split that is missing, stratified, before labels are drawn", () => {
    const result = assemble({ pool }, { labelled: { perClass: 80 } });
    expect(result.madeTest).toBe(true);
    expect(sizes(result)).toEqual([160, 0, 0, 40]);
    expect(result.splits.test.filter(({ label }) => label === "a")).toHaveLength(20);
    const other = assemble({ pool }, { labelled: { perClass: 80 }, seed: 1 });
    expect(texts(other.splits.test)).not.toEqual(texts(result.splits.test));
  });

  it("gives the labels of held-out texts back where every label was bought", () => {
    const result = assemble({ pool, test });
    expect(sizes(result)).toEqual([160, 0, 40, 2]);
    expect(result.splits.validation.every(({ label }) => label === null)).toBe(true);
  });

  it("holds out of the transfer set alone where that is the larger part", () => {
    const unlabelled = rowsOf("c", 1000).map((entry) => ({ ...entry, label: null }));
    const result = assemble({ pool: [...pool, ...unlabelled], test });
    expect(sizes(result)).toEqual([200, 950, 50, 2]);
  });

  it("works without any label: classes come from test", () => {
    const result = assemble({ pool: pool.map((entry) => ({ ...entry, label: null })), test });
    expect(result.classes).toEqual(["a", "b"]);
    expect(sizes(result)).toEqual([0, 160, 40, 2]);
    const without = assemble({ pool: pool.map((entry) => ({ ...entry, label: null })) });
    expect(without.classes).toEqual([]);
    expect(sizes(without)).toEqual([0, 160, 40, 0]);
  });

  it("takes the classes from the recipe where it names them, and test texts from all where none has a label", () => {
    const bare = pool.map((entry) => ({ ...entry, label: null }));
    const result = assemble({ pool: bare }, { classes: ["b", "a", "c"] });
    expect(result.classes).toEqual(["a", "b", "c"]);
    // 200 texts: a fifth is test, a twentieth of the rest would be 8 and is the fifth of 160, 32, as under 250 texts.
    expect(sizes(result)).toEqual([0, 128, 32, 40]);
    expect(
      Object.values(result.splits)
        .flat()
        .every(({ label }) => label === null),
    ).toBe(true);
    // With labels the test texts are drawn from those, and a class without a text stays a class.
    const labelled = assemble(
      { pool: [...pool, ...rowsOf("x", 50).map((entry) => ({ ...entry, label: null }))] },
      { classes: ["a", "b", "c"] },
    );
    expect(labelled.classes).toEqual(["a", "b", "c"]);
    expect(labelled.splits.test.every(({ label }) => label !== null)).toBe(true);
  });

  it("refuses a label that the recipe's classes do not have, wherever it is", () => {
    const classes = ["a", "bb"];
    expect(() => assemble({ pool, test }, { classes })).toThrow(
      'Expected labels among the 2 of data.classes, got "b". Did you mean "bb"?',
    );
    const odd = [row("unseen 3", "d")];
    expect(() => assemble({ pool, test: odd }, { classes: ["a", "b"] })).toThrow('got "d"');
  });

  it("buys nothing where the budget is none: labels serve the test alone", () => {
    const result = assemble({ pool, test }, { labelled: "none" });
    expect(result.classes).toEqual(["a", "b"]);
    expect(sizes(result)).toEqual([0, 160, 40, 2]);
    const drawn = assemble({ pool }, { labelled: "none" });
    expect(drawn.splits.test.map(({ label }) => label)).toEqual([
      ...Array<string>(20).fill("a"),
      ...Array<string>(20).fill("b"),
    ]);
    expect(drawn.splits.labelled).toEqual([]);
  });

  it("puts every text into one split, in the order of the file, whatever the budget", () => {
    const labels = fc.constantFrom("a", "b", "c", null);
    const draws = fc.record({
      texts: fc.array(fc.tuple(fc.integer({ min: 0, max: 120 }), labels), {
        minLength: 30,
        maxLength: 120,
      }),
      perClass: fc.integer({ min: 1, max: 2 }),
      seed: fc.nat(5),
      named: fc.boolean(),
    });
    fc.assert(
      fc.property(draws, ({ texts: drawn, perClass, seed, named }) => {
        const unique = [
          ...new Map(
            drawn.map(([number, label]) => [number, row(`text ${number}`, label)]),
          ).values(),
        ];
        // Every class four times, so that a budget of two is never too much.
        const all = [...unique, ...["a", "b", "c"].flatMap((name) => rowsOf(name, 4))];
        const evaluation = named ? [row("text 1", "a"), row("elsewhere", "b")] : null;
        const { splits, alsoInEvaluation } = assemble(
          { pool: all, test: evaluation },
          { labelled: { perClass }, seed },
        );
        const ids = SPLITS.flatMap((split) => splits[split].map(({ id }) => id));
        expect(new Set(ids).size).toBe(ids.length);
        const training = ids.length - (evaluation?.length ?? 0);
        expect(training).toBe(all.length - alsoInEvaluation);
        const order = new Map(all.map(({ id }, at) => [id, at]));
        const positions = splits.transfer.map(({ id }) => order.get(id)!);
        expect(positions).toEqual([...positions].sort((x, y) => x - y));
        // Labels stay with their texts.
        const labelOf = new Map(all.map(({ id, label }) => [id, label]));
        for (const { id, label } of splits.labelled) expect(label).toBe(labelOf.get(id));
      }),
      { numRuns: 60 },
    );
  });
});

describe("what is wrong with the labels", () => {
  it("is one class only", () => {
    expect(() => assemble({ pool: rowsOf("a", 5) })).toThrow(
      'Expected at least two classes among the training texts, got one: "a" (5 texts). Add texts of another class, or name another label column in data.columns.label.',
    );
  });

  it("is a test label that training never saw", () => {
    const places = new Map([["bb", "test.csv:7"]]);
    const pool = [...rowsOf("a", 5), ...rowsOf("b", 5)];
    expect(() =>
      assemble({ pool, test: [row("x", "bb"), row("y", "bb"), row("z", "zz")], places }),
    ).toThrow(
      'test.csv:7: Expected labels of the test texts that training texts have too, got "bb" (2 texts) and 1 more such labels.',
    );
    expect(() => assemble({ pool, validation: [row("x", "q")], test: [row("y", "a")] })).toThrow(
      /labels of the validation texts/,
    );
  });

  it("is a budget where no text has a label", () => {
    expect(() => assemble({ pool: [row("x", null)] }, { labelled: { perClass: 10 } })).toThrow(
      "Expected labelled texts to draw from (data.labelled asks for 10 per class), got none.",
    );
  });

  it("is that nothing is left to learn from", () => {
    expect(() => assemble({ pool: [row("x", "a")], test: [row("x", "a")] })).toThrow(
      "Expected texts to learn from, got 1 that are all in validation or test too.",
    );
  });
});

describe("classesOf", () => {
  it("sorts by code point, not by UTF-16 unit", () => {
    // U+FF5E is one unit, 0xFF5E; U+1F600 is two, the first 0xD83D: by units the emoji would come first.
    expect(
      classesOf([
        row("1", "\u{1F600}"),
        row("2", "\uFF5E"),
        row("3", "b"),
        row("4", "B"),
        row("5", null),
      ]),
    ).toEqual(["B", "b", "\uFF5E", "\u{1F600}"]);
  });
});
