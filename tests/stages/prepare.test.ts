import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recipeSchema, type Recipe, type RecipeInput } from "../../src/recipe/schema.ts";
import { prepare } from "../../src/stages/prepare.ts";
import type { StageContext } from "../../src/stages/stage.ts";
import { textId } from "../../src/texts/ids.ts";
import { readIdentified, readSplit } from "../../src/texts/splits.ts";
import { SPLITS, type ProgressEvent } from "../../src/types.ts";
import { failureOf, makeWorkspace } from "../texts/workspace.ts";

const { folder, write } = makeWorkspace();

function contextFor(
  data: RecipeInput["data"],
  run: string,
  events: ProgressEvent[] = [],
): StageContext {
  const recipe = recipeSchema.parse({
    data,
    teacher: { kind: "encoder-head" },
  }) as unknown as Recipe;
  const signal = new AbortController().signal;
  return {
    recipe,
    recipeFolder: folder,
    run: join(folder, run),
    labelsFolder: join(folder, "labels"),
    download: false,
    signal,
    report: (event) => events.push(event),
  };
}

describe("prepare, on Banking77", () => {
  it("buys 770 labels, and leaves every other one unread or in test", async () => {
    const context = contextFor({ source: "banking77", labelled: { perClass: 10 } }, "banking");
    const { details, summary } = await prepare.run(context);
    // 10,003 training texts less 4 that come twice and 7 that are in test: 9,992 = 770 + 8,761 + 461, where
    // 461 = 5 % of the 9,222 that were not bought. Of 3,080 test texts one comes twice.
    expect(details.rows).toEqual({ labelled: 770, transfer: 8761, validation: 461, test: 3079 });
    expect(details.counts).toMatchObject({
      read: 13_083,
      duplicates: 5,
      alsoInEvaluation: 7,
      empty: 0,
      truncated: 0,
    });
    expect(details).toMatchObject({ budget: 770, validation: "transfer" });
    expect(details.classes).toHaveLength(77);
    expect(Object.values(details.counts.perClass).every(({ labelled }) => labelled === 10)).toBe(
      true,
    );
    expect(summary).toBe(
      "13,083 texts read: 770 labelled (10 for each of 77 classes), 8,761 transfer, 461 validation held out, 3,079 test; " +
        "dropped: 7 also in test, 5 duplicates",
    );
    for (const split of SPLITS) {
      const rows = await readSplit(context.run, split);
      expect(rows).toHaveLength(details.rows[split]);
      expect(rows.every(({ id, text }) => id === textId(text))).toBe(true);
      expect(
        rows.every(
          ({ label }) => (label === null) === (split === "transfer" || split === "validation"),
        ),
      ).toBe(true);
    }
  });

  it("says in one line what it does", () => {
    expect(
      prepare.describe(contextFor({ source: "banking77", labelled: { perClass: 10 } }, "x")),
    ).toBe(
      "Reading banking77: 10 labels per class for the teacher, the other texts without labels as transfer set, test labels kept for the end",
    );
  });
});

describe("prepare, on files of one's own", () => {
  const labelled = Array.from(
    { length: 60 },
    (_, at) => `text number ${at},${at % 2 === 0 ? "even" : "odd"}`,
  );
  write(
    "mine.csv",
    `Message,Kind,category\n${labelled.map((line) => line.replace(",", ",k,")).join("\n")}\n,k,odd\ntext number 0,k,odd\n`,
  );
  write(
    "more.txt",
    Array.from({ length: 40 }, (_, at) => `more text ${at}`).join("\n") +
      "\ntext number 3\nseen in dev\n",
  );
  write("dev.jsonl", '{"text":"seen in dev","label":"odd"}\n{"text":"dev text","label":"even"}\n');

  it("reads each role, makes the test split and says what it did", async () => {
    const events: ProgressEvent[] = [];
    const source = { train: "mine.csv", unlabeled: "*.txt", validation: "dev.jsonl" };
    const context = contextFor({ source, labelled: { count: 11 } }, "mine", events);
    const { details } = await prepare.run(context);
    // 60 labelled texts, 12 of them for test (a fifth of 30 twice), 11 bought, 37 left; 40 more of more.txt.
    expect(details.rows).toEqual({ labelled: 11, transfer: 77, validation: 2, test: 12 });
    expect(details.budget).toBe(13);
    expect(details.counts).toMatchObject({
      read: 62 + 42 + 2,
      duplicates: 2,
      alsoInEvaluation: 1,
      empty: 1,
      truncated: 0,
    });
    expect(details.columns).toEqual([
      { file: "mine.csv", text: "Message", label: "category", guessed: true },
      { file: "more.txt", text: "each line", label: null, guessed: false },
      { file: "dev.jsonl", text: "text", label: "label", guessed: true },
    ]);
    expect(details.notes).toEqual([
      'mine.csv: texts in column "Message", labels in "category", guessed from the names of the columns.',
      'dev.jsonl: texts in column "text", labels in "label", guessed from the names of the columns.',
      "1 text came again with another label: the first label was kept.",
      "1 empty text was dropped.",
      "No test split was named: 12 texts (20 % of each class, draw 0) were set aside.",
      "The 2 texts of the validation split count as bought labels.",
    ]);
    expect(
      events
        .filter(({ kind }) => kind === "note")
        .map((event) => "message" in event && event.message),
    ).toEqual(details.notes);
    const test = await readSplit(context.run, "test");
    for (const { text, label } of test)
      expect(label).toBe(Number(text.split(" ").at(-1)) % 2 === 0 ? "even" : "odd");
    expect(await readIdentified(context.run, "test")).toEqual(
      test.map(({ id, text }) => ({ id, text })),
    );
  });

  it("has the same inputs wherever the files lie, and others when a rule or a text changes", async () => {
    const inputs = async (data: RecipeInput["data"]): Promise<string> =>
      JSON.stringify(await prepare.inputs(contextFor(data, "x")));
    const before = await inputs({ source: "mine.csv" });
    expect(await inputs({ source: join(folder, "mine.csv") })).toBe(before);
    expect(await inputs({ source: "mine.csv", seed: 1 })).not.toBe(before);
    expect(await inputs({ source: { unlabeled: "mine.csv" } })).not.toBe(before);
    write("changed/mine.csv", "text,label\none,a\n");
    expect(await inputs({ source: "changed/mine.csv" })).not.toBe(before);
  });

  it("writes nothing where something is wrong", async () => {
    write("one.csv", "text,label\none,a\ntwo,a\n");
    const context = contextFor({ source: "one.csv" }, "wrong");
    expect(await failureOf(prepare.run(context))).toMatchObject({ code: "E_DATA" });
    expect(() => readdirSync(context.run)).toThrow(/ENOENT/);
  });

  it("takes a file without labels and says so", async () => {
    const { details } = await prepare.run(contextFor({ source: "more.txt" }, "bare"));
    expect(details).toMatchObject({
      classes: [],
      budget: 0,
      rows: { labelled: 0, transfer: 34, validation: 8, test: 0 },
    });
    expect(details.notes).toContain(
      "more.txt has no column of labels: its texts are used without labels.",
    );
    expect(details.notes).toContain("No text for training has a label: the budget is 0.");
  });
});
