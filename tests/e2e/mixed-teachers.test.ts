// Teachers that are made of answers: a store's logits as a file, and an ensemble of that file with the encoder.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAllTexts } from "../../src/labelling/read-texts.ts";
import { readLogits } from "../../src/labels/read-logits.ts";
import { reportSchema, type LimbeckReport } from "../../src/report/schema.ts";
import type { LabelDetails } from "../../src/types.ts";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { limbeck, packageFolder } from "../helpers/command-line.ts";

const ENCODER = `{ kind: encoder-head, model: ${join(packageFolder, "teachers/minilm-l6-v2")} }`;
const recipe = (name: string, teacher: string): string => `name: ${name}
data:
  source: { train: train.tsv, test: test.tsv }
  labelled: { perClass: 8 }
teacher: ${teacher}
student: { kind: bilstm, hidden: 16, embedding: { size: 32 } }
train: { epochs: 2, seeds: 1 }
evaluate: { resamples: 100 }
`;

let folder: string;

async function run(name: string, teacher: string): Promise<LimbeckReport> {
  await writeFile(join(folder, `${name}.yaml`), recipe(name, teacher));
  const { code, stderr } = await limbeck(["run", `${name}.yaml`], { folder });
  expect(code, stderr).toBe(0);
  const path = join(folder, "runs", name, "report", "report.json");
  return reportSchema.parse(JSON.parse(await readFile(path, "utf8")));
}

async function labelDetails(name: string): Promise<LabelDetails> {
  const path = join(folder, "runs", name, "label", "manifest.json");
  return (JSON.parse(await readFile(path, "utf8")) as { details: LabelDetails }).details;
}

/** The logits of a run's store as a CSV file; every seventh text left out where `gaps`. */
async function writeLogits(file: string, { gaps }: { gaps: boolean }): Promise<number> {
  const { teacher } = await labelDetails("encoder");
  const texts = await readAllTexts(join(folder, "runs/encoder"));
  const logits = await readLogits(
    teacher.store,
    texts.map(({ id }) => id),
  );
  const width = teacher.labels.length;
  const lines = texts.map(({ id }, row) =>
    [id, ...logits.subarray(row * width, (row + 1) * width)].join(","),
  );
  const kept = lines.filter((_, row) => !gaps || row % 7 !== 3);
  await writeFile(join(folder, file), [["id", ...teacher.labels].join(","), ...kept].join("\n"));
  return texts.length - kept.length;
}

const figures = ({ systems }: LimbeckReport) =>
  systems.map(({ name, metrics }) => ({ name, metrics }));

let encoder: LimbeckReport;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-mixed-"));
  await writeBankingCut(folder, 4);
  encoder = await run("encoder", ENCODER);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a precomputed teacher", () => {
  it("gives every system the figures of the teacher whose logits the file holds", async () => {
    await writeLogits("logits.csv", { gaps: false });
    const report = await run("file", "{ kind: precomputed, file: logits.csv }");
    // The same vocabulary too: the encoder of the other run is the shipped one.
    expect(figures(report)).toEqual(figures(encoder));
    expect(report.systems[0]).toMatchObject({ size: { parameters: null, bytes: {} }, speed: null });
    expect(report.training.embeddings).toBe("shipped");
  });

  it("leaves gaps, which every stage passes on and the report tells of", async () => {
    const gaps = await writeLogits("gaps.csv", { gaps: true });
    const report = await run("gaps", "{ kind: precomputed, file: gaps.csv }");
    expect(report.teacher.coverage.unanswered).toEqual({ "not in gaps.csv": gaps });
    const { testUnanswered, rows } = report.data;
    expect(testUnanswered).toBeGreaterThan(0);
    expect(report.method.texts).toBe(rows.test - testUnanswered);
    expect(report.notes.join("\n")).toMatch(
      /The teacher answered \d+ of \d+ training texts; students learn from those/,
    );
    const page = await readFile(join(folder, "runs/gaps/report/report.html"), "utf8");
    expect(page).toContain("not in gaps.csv");
  });

  it("stops with the reason where it knows none of the texts", async () => {
    await cp(join(folder, "logits.csv"), join(folder, "others.csv"));
    const [header = ""] = (await readFile(join(folder, "others.csv"), "utf8")).split("\n");
    const classes = header.split(",").length - 1;
    const row = ["0".repeat(32), ...Array<number>(classes).fill(-1)].join(",");
    await writeFile(join(folder, "others.csv"), `${header}\n${row}\n`);
    await writeFile(
      join(folder, "none.yaml"),
      recipe("none", "{ kind: precomputed, file: others.csv }"),
    );
    const { code, stderr } = await limbeck(["run", "none.yaml"], { folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/training texts, got 0, too few .* not in others\.csv/);
  });
});

describe("an ensemble", () => {
  it("of a teacher and its own logits is that teacher, and starts students from the member that can", async () => {
    const members = `[${ENCODER}, { kind: precomputed, file: logits.csv }]`;
    const teacher = `{ kind: ensemble, members: ${members} }`;
    const report = await run("both", teacher);
    const before = await labelDetails("encoder");
    const after = await labelDetails("both");
    const texts = (await readAllTexts(join(folder, "runs/both"))).map(({ id }) => id);
    const [one, other] = [
      await readLogits(before.teacher.store, texts),
      await readLogits(after.teacher.store, texts),
    ];
    const width = before.teacher.labels.length;
    texts.forEach((_, row) => {
      // Logits of the same probabilities differ by a number.
      const shift = one[row * width]! - other[row * width]!;
      for (let at = row * width; at < (row + 1) * width; at += 1)
        expect(one[at]! - other[at]!).toBeCloseTo(shift, 4);
    });
    expect(report.systems[0]!.metrics.accuracy).toEqual(encoder.systems[0]!.metrics.accuracy);
    expect(report.systems[0]!.speed).toBeNull();
    expect(report.training.embeddings).toBe("teacher");
  });
});
