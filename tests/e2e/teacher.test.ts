// A teacher of one's own, as docs/add-a-teacher.md shows it, and `limbeck teacher try`.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { limbeck, packageFolder } from "../helpers/command-line.ts";
import { writeExampleTeacher } from "../helpers/example-teacher.ts";

let folder = "";
const run = async (...words: string[]) => await limbeck(words, { folder });

const recipe = `name: mine
data: { source: { train: train.tsv, test: test.tsv }, labelled: { perClass: 8 } }
teacher:
  kind: ./my-teacher.ts
  words: { refund: Refund_not_showing_up, age: age_limit, old: age_limit }
`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-teacher-"));
  await writeBankingCut(folder, 4);
  await writeExampleTeacher(folder);
  await writeFile(join(folder, "mine.yaml"), recipe);
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("the example of docs/add-a-teacher.md", () => {
  it("is checked, explained and labels, saying that it runs code", async () => {
    const notice = `The teacher runs code from the recipe's folder: ${join(folder, "my-teacher.ts")}`;
    const checked = await run("recipe", "check", "mine.yaml");
    expect([checked.code, checked.stderr]).toEqual([0, ""]);
    expect(checked.stdout).toContain(notice);
    const explained = await run("recipe", "explain", "mine.yaml");
    expect(explained.stdout).toMatch(
      /^teacher\.words\.age +age_limit +recipe +the class that each word/m,
    );
    const labelled = await run("label", "mine.yaml", "--json");
    expect(labelled.code).toBe(0);
    const events = labelled.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string; message?: string });
    expect(events.filter(({ message }) => message?.includes(notice))).toHaveLength(1);
    const manifest = JSON.parse(
      await readFile(join(folder, "runs/mine/label/manifest.json"), "utf8"),
    ) as { details: { texts: number; computed: number; teacher: { store: string } } };
    expect(manifest.details).toMatchObject({ texts: 717, computed: 717 });
    const stored = await readFile(join(manifest.details.teacher.store, "teacher.json"), "utf8");
    expect(JSON.parse(stored)).toMatchObject({
      module: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  });

  it("labels anew once the module was edited, into another store", async () => {
    await run("label", "mine.yaml");
    const again = await run("label", "mine.yaml");
    expect(again.stderr).toContain("label     skipped");
    const code = await readFile(join(folder, "my-teacher.ts"), "utf8");
    await writeFile(join(folder, "my-teacher.ts"), `${code}// edited\n`);
    const edited = await run("label", "mine.yaml");
    expect(edited.stderr).toContain("717 texts labelled");
    expect(await readdir(join(folder, ".limbeck/labels"))).toHaveLength(2);
  });

  it("has its options' mistakes shown at their place in the recipe", async () => {
    await writeFile(join(folder, "mine.yaml"), recipe.replace("words:", "wrods:"));
    const { code, stderr } = await run("recipe", "check", "mine.yaml");
    expect(code).toBe(1);
    expect(stderr).toContain(
      'mine.yaml:5:3: Expected a key of teacher, got "wrods". Did you mean "words"?',
    );
  });
});

describe("limbeck teacher try", () => {
  it("shows texts with their likeliest classes, speed and the whole corpus; stores no label", async () => {
    const { code, stdout } = await run("teacher", "try", "mine.yaml", "--texts", "5");
    expect(code).toBe(0);
    // Of each text three classes with their probabilities.
    expect(stdout.match(/^ {2}\S+ +\d+\.\d %$/gm)).toHaveLength(15);
    expect(stdout).toMatch(
      /^Speed: [\d,]+ texts\/s here, ready after .*; measured on \d+ texts\.$/m,
    );
    expect(stdout).toMatch(/^The whole corpus: 717 texts, about .* at [\d,]+ texts\/s\.$/m);
    await expect(readdir(join(folder, ".limbeck", "labels"))).rejects.toThrow("ENOENT");
  });

  it("gives the same to programs, and knows what is labelled already", async () => {
    await run("label", "mine.yaml");
    const words = ["teacher", "try", "mine.yaml", "--texts", "3", "--top", "2", "--json"];
    const tried = JSON.parse((await run(...words)).stdout) as {
      texts: { text: string; top: { label: string; probability: number }[] }[];
      corpus: { texts: number; missing: number };
    };
    expect(tried.corpus).toMatchObject({ texts: 717, missing: 0 });
    expect(tried.texts).toHaveLength(3);
    for (const { text, top } of tried.texts) {
      expect(top).toHaveLength(2);
      // A text that says "age" twice as a word has the logit 2 of that class, the others 0: e² / (e² + 3).
      const found = text
        .toLowerCase()
        .split(/\W+/)
        .filter((word) => /^(age|old)$/.test(word)).length;
      const refunds = text
        .toLowerCase()
        .split(/\W+/)
        .filter((word) => word === "refund").length;
      const most = Math.max(found, refunds);
      const sum = Math.exp(found) + Math.exp(refunds) + 2;
      expect(top[0]!.probability).toBeCloseTo(Math.exp(most) / sum, 5);
    }
  });

  it("works for the shipped encoder, whose vectors stay cached", async () => {
    const model = join(packageFolder, "teachers/minilm-l6-v2");
    const own = recipe.replace(
      /teacher:[^]*/,
      `teacher: { kind: encoder-head, model: ${model} }\n`,
    );
    await writeFile(join(folder, "mine.yaml"), own);
    const { code, stdout } = await run("teacher", "try", "mine.yaml", "--texts", "2");
    expect(code).toBe(0);
    expect(stdout).toContain("The whole corpus: 717 texts, about ");
    const { stdout: listed } = await run("labels", "ls", "--json");
    const { stores } = JSON.parse(listed) as { stores: { holds: string }[] };
    expect(stores.map(({ holds }) => holds)).toEqual(["vectors"]);
  });

  it("tells what a module lacks without a stack", async () => {
    await writeFile(join(folder, "my-teacher.ts"), "export const teacher = { summary: 's' };\n");
    const { code, stderr } = await run("teacher", "try", "mine.yaml");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^mine\.yaml:4:9: Expected the export teacher of .* without options \(a zod schema\), fingerprint/,
    );
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
