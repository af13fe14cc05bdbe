// The real pipeline through the command line, on 20 intents of Banking77 (2,800 texts), reading the files it leaves.
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportSchema } from "../../src/report/schema.ts";
import { STAGES } from "../../src/types.ts";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { limbeck, packageFolder, type Finished } from "../helpers/command-line.ts";

const recipe = `name: cut
data:
  source: { train: train.tsv, test: test.tsv }
  labelled: { perClass: 10 }
teacher:
  kind: encoder-head
  model: ${packageFolder}teachers/minilm-l6-v2
student:
  - { kind: bilstm, hidden: 64, embedding: { size: 64 } }
  - { kind: transformer, embedding: { size: 64 } }
train: { epochs: 15, seeds: 2, device: auto }
`;

let folder: string;
let rows: Awaited<ReturnType<typeof writeBankingCut>>;
let first: Finished;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-e2e-"));
  rows = await writeBankingCut(folder, 20);
  await writeFile(join(folder, "cut.yaml"), recipe);
  first = await limbeck(["run", "cut.yaml"], { folder });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const json = async (path: string): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, "runs/cut", path), "utf8")) as unknown;

describe("limbeck run, on a cut of Banking77", () => {
  it("ends well and completes every stage", async () => {
    expect(first.stderr).not.toContain("Error");
    expect(first.code).toBe(0);
    for (const stage of STAGES) {
      expect(await json(`${stage}/manifest.json`)).toMatchObject({
        schema: "limbeck.stage/1",
        stage,
      });
    }
  });

  it("reports every system, and each at least as good as it has to be", async () => {
    const report = reportSchema.parse(await json("report/report.json"));
    const accuracy = new Map(
      report.systems.map(({ name, metrics }) => [name, metrics.accuracy?.value ?? NaN]),
    );
    expect([...accuracy.keys()].sort()).toEqual([
      "bilstm",
      "bilstm-hard-label",
      "linear-labels",
      "linear-teacher",
      "majority",
      "teacher",
      "transformer",
      "transformer-hard-label",
    ]);
    const of = (name: string): number => accuracy.get(name) ?? NaN;
    expect(of("teacher")).toBeGreaterThan(0.88);
    expect(of("bilstm")).toBeGreaterThan(0.85);
    expect(of("transformer")).toBeGreaterThan(0.8);
    expect(of("linear-labels")).toBeGreaterThan(0.6);
    expect(of("linear-teacher")).toBeGreaterThan(0.8);
    expect(of("bilstm-hard-label")).toBeGreaterThan(0.5);
    // 20 classes of 40 test texts each, one of them a duplicate: the commonest class is right for one in twenty.
    expect(of("majority")).toBeGreaterThanOrEqual(39 / rows.differentTest);
    expect(of("majority")).toBeLessThanOrEqual(40 / rows.differentTest);
  });

  it("counts every text that it read", async () => {
    const { details } = (await json("prepare/manifest.json")) as {
      details: { counts: { read: number }; rows: Record<string, number>; budget: number };
    };
    expect(details.counts.read).toBe(rows.train + rows.test);
    expect(details.rows.labelled).toBe(200);
    expect(details.rows.test).toBe(rows.differentTest);
    expect(details.budget).toBe(200);
  });

  it("prints a table, sentences, and the command that tries the student", () => {
    expect(first.stdout).toMatch(/teacher\s/);
    // The student with the best validation score, whichever of the two that is.
    expect(first.stdout).toMatch(/npx limbeck predict runs\/cut\/export\/(bilstm|transformer) "/);
    expect(first.stdout).toContain("report.html");
  });

  it("says which device auto was, and why", () => {
    expect(first.stderr).toMatch(/The device auto is (cpu, since|cuda:|webgpu:) /);
  });

  it("skips every stage when the same command is given again", async () => {
    const second = await limbeck(["run", "cut.yaml", "--json"], { folder });
    expect(second.code).toBe(0);
    const skipped = second.stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as { kind: string; stage: string })
      .filter(({ kind }) => kind === "stage-skip");
    expect(skipped.map(({ stage }) => stage)).toEqual([...STAGES]);
  });

  it("redoes only what a changed key touches", async () => {
    const changed = await limbeck(
      ["run", "cut.yaml", "--set", "evaluate.resamples=500", "--json"],
      { folder },
    );
    expect(changed.code).toBe(0);
    const ran = changed.stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as { kind: string; stage: string })
      .filter(({ kind }) => kind === "stage-start");
    expect(ran.map(({ stage }) => stage)).not.toContain("train");
    expect(ran.map(({ stage }) => stage)).toContain("evaluate");
  });

  it("leaves a bundle that answers", async () => {
    const bundle = join(folder, "runs/cut/export/bilstm");
    expect((await stat(join(bundle, "onnx/model.onnx"))).size).toBeGreaterThan(100_000);
    const answer = await limbeck(["predict", bundle, "How do I activate my new card?", "--json"], {
      folder,
    });
    expect(answer.code).toBe(0);
    expect(JSON.parse(answer.stdout) as unknown).toMatchObject({ label: "activate_my_card" });
    const many = await limbeck(["predict", bundle, "-"], {
      folder,
      input: "when will my card arrive?\nI want to cancel my transfer\n",
    });
    expect(many.stdout.trim().split("\n")).toHaveLength(2);
  });
});
