// A fine-tuned teacher through the command line: three intents of Banking77, a few labels, the last layer.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportSchema } from "../../src/report/schema.ts";
import type { LabelDetails, StageManifest } from "../../src/types.ts";
import { writeBankingCut } from "../helpers/banking-cut.ts";
import { limbeck, packageFolder, type Finished } from "../helpers/command-line.ts";

const recipe = `name: tuned
data:
  source: { train: train.tsv, test: test.tsv }
  labelled: { perClass: 5 }
teacher:
  kind: fine-tuned
  model: ${packageFolder}teachers/minilm-l6-v2
  trainable: { last: 1 }
  epochs: 2
  holdOut: 0.2
  maxLength: 32
student: { kind: bilstm, hidden: 16, embedding: { size: 16 } }
train: { epochs: 3, seeds: 1 }
controls: [majority]
`;

let folder: string;
let first: Finished;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-tuned-"));
  await writeBankingCut(folder, 3);
  await writeFile(join(folder, "tuned.yaml"), recipe);
  first = await limbeck(["run", "tuned.yaml"], { folder });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const read = async <Value>(path: string): Promise<Value> =>
  JSON.parse(await readFile(join(folder, path), "utf8")) as Value;

describe("limbeck run with a fine-tuned teacher", () => {
  it("fine-tunes, labels, and reports the teacher with its size and speed", async () => {
    expect(first.code, first.stderr).toBe(0);
    // 15 labels in 5 folds: 3 are held out.
    expect(first.stderr).toContain(
      "Fine-tuning the last layer and the head on 12 labelled texts; 3 others are held out",
    );
    const report = reportSchema.parse(await read("runs/tuned/report/report.json"));
    const teacher = report.systems.find(({ role }) => role === "teacher")!;
    // Chance is 0.33.
    expect(teacher.metrics.accuracy!.value).toBeGreaterThan(0.7);
    expect(teacher.size!.parameters).toBeGreaterThan(22e6);
    expect(teacher.speed).not.toBeNull();
  });

  it("keeps the model beside the labels, and opens it when labels are wanted again", async () => {
    const models = await readdir(join(folder, ".limbeck/models/fine-tuned"));
    expect(models).toHaveLength(1);
    await rm(join(folder, "runs/tuned/label"), { recursive: true });
    const again = await limbeck(["label", "tuned.yaml"], { folder });
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).not.toContain("Fine-tuning");
    const { details } = await read<StageManifest<LabelDetails>>("runs/tuned/label/manifest.json");
    expect(details).toMatchObject({ computed: 0, teacher: { kind: "fine-tuned" } });
    expect(details.teacher.facts["summary"]).toMatch(
      /^the last layer and the head fine-tuned: epoch \d of 2, best on 3 held-out texts/,
    );
  });
});
