// Teachers that are models as they are: texts without any label through a zero-shot teacher to a bundle and a report,
// then that bundle as the classifier that teaches the next student.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBundle } from "../../src/bundle/open.ts";
import { readLogits } from "../../src/labels/read-logits.ts";
import { reportSchema, type LimbeckReport } from "../../src/report/schema.ts";
import { readSplit } from "../../src/texts/splits.ts";
import type { LabelDetails } from "../../src/types.ts";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { limbeck, packageFolder, type Finished } from "../helpers/command-line.ts";

let folder: string;
let classes: string[];
let zeroShot: Finished;
let classifier: Finished;

/** A tiny student: what is held here is the way, not the score. */
const training = `student: { kind: bilstm, hidden: 16, embedding: { size: 16 } }
train: { epochs: 4, seeds: 1, batch: 32, learningRate: 0.01 }
evaluate: { resamples: 100 }
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-models-"));
  ({ classes } = await writeBankingCut(folder, 3));
  const [, ...lines] = (await readFile(join(folder, "train.tsv"), "utf8")).trimEnd().split("\n");
  const texts = lines.map((line) => line.split("\t")[1]);
  await writeFile(join(folder, "texts.txt"), `${texts.join("\n")}\n`);
  await writeFile(
    join(folder, "bare.yaml"),
    `data: { source: texts.txt, classes: [${[...classes].reverse().join(", ")}] }
teacher:
  kind: zero-shot
  model: ${packageFolder}tests/fixtures/teacher/nli
  template: ["This text is about {}.", "The subject is: {}."]
${training}`,
  );
  await writeFile(
    join(folder, "next.yaml"),
    `data: { source: { train: train.tsv, test: test.tsv }, labelled: none }
teacher: { kind: classifier, model: runs/bare/export/bilstm }
${training}`,
  );
  zeroShot = await limbeck(["run", "bare.yaml"], { folder });
  classifier = await limbeck(["run", "next.yaml"], { folder });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const json = async (path: string): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, "runs", path), "utf8")) as unknown;
const reportOf = async (run: string): Promise<LimbeckReport> =>
  reportSchema.parse(await json(`${run}/report/report.json`));
const teacherOf = async (run: string) =>
  ((await json(`${run}/label/manifest.json`)) as { details: LabelDetails }).details.teacher;

describe("limbeck run, on texts without any label and a zero-shot teacher", () => {
  it("ends well and says what was left out", () => {
    expect(zeroShot.stderr).not.toContain("Error");
    expect(zeroShot.code).toBe(0);
    expect(zeroShot.stderr).toContain("the budget is 0");
    expect(zeroShot.stderr).toContain("left out: hard-label, majority, linear on the labels");
    expect(zeroShot.stderr).toContain("6 passes of the model per text (3 classes × 2 templates)");
  });

  it("names the classes as the recipe does, in the order of their names", async () => {
    expect((await teacherOf("bare")).labels).toEqual(classes);
    expect(await json("bare/export/bilstm/config.json")).toMatchObject({
      id2label: Object.fromEntries(classes.map((name, index) => [String(index), name])),
    });
  });

  it("reports agreement on texts that were set aside, and no accuracy", async () => {
    const { systems, data, verdict } = await reportOf("bare");
    expect(systems.map(({ name }) => name)).toEqual(["teacher", "bilstm", "linear-teacher"]);
    expect(data).toMatchObject({ budget: 0, testLabels: 0, classes });
    expect(data.rows.test).toBeGreaterThan(50);
    const student = systems[1]!;
    expect(student.metrics.accuracy).toBeNull();
    expect(student.metrics.agreement?.value).toBeGreaterThan(0);
    expect(verdict).toMatchObject({ helped: null, findings: ["no-labels"] });
  });
});

describe("limbeck run, with a bundle of Limbeck's as classifier and no label bought", () => {
  it("ends well, with accuracy on the gold labels of the test texts", async () => {
    expect(classifier.stderr).not.toContain("Error");
    expect(classifier.code).toBe(0);
    const { systems, data } = await reportOf("next");
    expect(data.budget).toBe(0);
    expect(data.rows.labelled).toBe(0);
    expect(systems.map(({ name }) => name)).toEqual(["teacher", "bilstm", "linear-teacher"]);
    for (const { metrics } of systems) expect(metrics.accuracy).not.toBeNull();
  });

  it("has labelled every text with the bundle's own logits", async () => {
    const test = await readSplit(join(folder, "runs/next"), "test");
    const { store, labels } = await teacherOf("next");
    const stored = await readLogits(
      store,
      test.map(({ id }) => id),
    );
    const bundle = await openBundle(join(folder, "runs/bare/export/bilstm"));
    expect(labels).toEqual(bundle.labels);
    const own = await bundle.logits(test.map(({ text }) => text));
    await bundle.close();
    expect(own.length).toBe(stored.length);
    // Two runtimes' tokenizers and batches, one graph: what differs is float32's rounding.
    own.forEach((logit, at) => {
      expect(stored[at]).toBeCloseTo(logit, 4);
    });
  });
});
