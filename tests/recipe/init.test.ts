import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { proposeBudget } from "../../src/recipe/init/budget.ts";
import { minutesFor } from "../../src/recipe/init/estimate.ts";
import { describeInspection, inspect, recipeFor } from "../../src/recipe/init.ts";
import { loadRecipe } from "../../src/recipe/load.ts";

const yourTexts = fileURLToPath(new URL("../../recipes/your-texts.csv", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "limbeck-init-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("inspect", () => {
  it("finds format, columns, classes and a budget", async () => {
    const inspection = await inspect(yourTexts);
    expect(inspection).toMatchObject({
      format: "CSV",
      columns: { text: "text", label: "intent", guessed: true },
      rows: 1800,
      texts: 1800,
      labelledShare: 1,
      labels: "classes",
      // 90 of each class, 18 for test, half of the 72 left is 36.
      budget: { labelled: { perClass: 36 }, labels: 720 },
    });
    expect(inspection.classes).toHaveLength(20);
    expect(inspection.classes[0]).toEqual({ name: "Refund_not_showing_up", texts: 90 });
    expect(inspection.minutes).toBeGreaterThan(0);
  });

  it("recognises labels that are ids, one class only, and none", async () => {
    const rows = Array.from({ length: 30 }, (_, at) => `text ${at},${at}`);
    expect((await inspect(write("ids.csv", `text,label\n${rows.join("\n")}\n`))).labels).toBe(
      "many-valued",
    );
    expect((await inspect(write("one.csv", "text,label\na,x\nb,x\n"))).labels).toBe("one-class");
    expect((await inspect(write("none.txt", "a\nb\n"))).labels).toBe("none");
  });
});

describe("proposeBudget", () => {
  it("is half of the smallest class besides test, from 10 to 50", () => {
    expect(proposeBudget([1000, 1000], 0)).toMatchObject({
      labelled: { perClass: 50 },
      labels: 100,
    });
    expect(proposeBudget([100, 50], 0).labelled).toEqual({ perClass: 20 }); // 50 − 10 = 40
    expect(proposeBudget([100, 16], 0).labelled).toEqual({ perClass: 10 }); // 16 − 3 = 13, half is 6
  });

  it("is every label where a class is small or most texts have none", () => {
    expect(proposeBudget([100, 8], 0)).toMatchObject({ labelled: "all", labels: 86 }); // 80 + 6
    expect(proposeBudget([100, 100], 1000)).toMatchObject({ labelled: "all", labels: 160 });
  });
});

describe("minutesFor", () => {
  it("grows with texts, length, epochs and seeds, and falls with speed and cores", () => {
    const work = { texts: 10_000, trained: 8000, meanCharacters: 60, epochs: 20, seeds: 3 };
    const base = minutesFor(work, 1, 2);
    for (const more of [
      { texts: 20_000 },
      { trained: 16_000 },
      { meanCharacters: 200 },
      { epochs: 40 },
      { seeds: 5 },
    ]) {
      expect(minutesFor({ ...work, ...more }, 1, 2)).toBeGreaterThan(base);
    }
    expect(minutesFor(work, 2, 2)).toBeCloseTo(base / 2, 10);
    expect(minutesFor(work, 1, 4)).toBeLessThan(base);
  });

  it("does not count what is cut off at 128 pieces", () => {
    const work = { texts: 100, trained: 80, meanCharacters: 1000, epochs: 20, seeds: 3 };
    expect(minutesFor({ ...work, meanCharacters: 100_000 }, 1, 2)).toBe(minutesFor(work, 1, 2));
  });
});

describe("recipeFor", () => {
  it("is a recipe that loads, says where it comes from and what it found", async () => {
    const inspection = await inspect(yourTexts);
    const text = recipeFor(inspection, "mine.yaml");
    expect(text).toMatch(/^# npx limbeck run mine\.yaml\n/);
    expect(text).toContain("20 classes: Refund_not_showing_up (90)");
    const { recipe } = await loadRecipe({ text, path: join(folder, "mine.yaml") });
    expect(recipe).toMatchObject({
      name: "your-texts",
      data: {
        source: yourTexts,
        columns: { text: "text", label: "intent" },
        labelled: { perClass: 36 },
        testShare: 0.2,
      },
      teacher: { kind: "encoder-head" },
    });
    expect(describeInspection(inspection).join("\n")).toMatch(
      /time for a run here: about .*\(an estimate\)/,
    );
  });

  it.each([
    ['we: ird "name" #1.csv', "Text;My label: yes\nhello;a\nworld;b\nhello again;a\nmore;b\n"],
    ["true.csv", "text,no\na,x\n"],
    [
      "123.jsonl",
      '{"text":"a","label":"x"}\n{"text":"b","label":"y"}\n{"text":"c","label":"y"}\n{"text":"d","label":"x"}\n',
    ],
    ["bare.txt", "one\ntwo\n"],
    ["one-class.csv", "text,label\na,x\nb,x\n"],
    ["ids.csv", "text,label\na,1\nb,2\nc,3\n"],
  ])("loads for %s", async (name, content) => {
    const text = recipeFor(await inspect(write(name, content)));
    const { recipe } = await loadRecipe({ text, path: join(folder, "recipe.yaml") });
    const source = recipe.data.source;
    expect(typeof source === "string" ? source : source.unlabeled).toBe(join(folder, name));
  });

  it("says first what has to be mended", async () => {
    const one = recipeFor(await inspect(write("one-class.csv", "text,label\na,x\nb,x\n")));
    expect(one).toContain('# BEFORE YOU RUN IT:\n# Every label is "x". Two classes are the least');
    const ids = recipeFor(await inspect(write("ids.csv", "text,label\na,1\nb,2\nc,3\n")));
    expect(ids).toContain(
      '# The column "label" has 3 different values in 3 texts: ids or numbers, not classes.',
    );
    const none = recipeFor(await inspect(write("bare.txt", "one\ntwo\n")));
    expect(none).toContain("    train: labelled.csv # to be written by you");
  });
});

describe("recipes/your-texts.yaml", () => {
  it("loads, and its file is found beside it", async () => {
    const { recipe, folder: beside } = await loadRecipe(yourTexts.replace(/csv$/, "yaml"));
    expect(recipe).toMatchObject({
      name: "your-texts",
      data: { source: "your-texts.csv", labelled: { perClass: 20 } },
    });
    expect(beside).toBe(join(yourTexts, ".."));
  });
});
