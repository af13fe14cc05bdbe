// The recipe that a user copies, on the small real CSV beside it: no test file is named, so a split is made and said.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportSchema } from "../../src/report/schema.ts";
import { limbeck, packageFolder, type Finished } from "../helpers/command-line.ts";

let folder: string;
let finished: Finished;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-yours-"));
  const recipe = join(packageFolder, "recipes", "your-texts.yaml");
  const settings = ["train.seeds=1", "train.epochs=15", "controls=[linear, majority]"];
  finished = await limbeck(["run", recipe, ...settings.flatMap((setting) => ["--set", setting])], {
    folder,
  });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("recipes/your-texts.yaml", () => {
  it("runs as it is, and says that it made a test split", () => {
    expect(finished.code).toBe(0);
    expect(finished.stderr).toMatch(/test/i);
  });

  it("scores a student far above chance on texts that training never saw", async () => {
    const path = join(folder, "runs/your-texts/report/report.json");
    const report = reportSchema.parse(JSON.parse(await readFile(path, "utf8")));
    const student = report.systems.find(({ role }) => role === "student");
    // 20 classes: chance is 0.05.
    expect(student?.metrics.accuracy?.value).toBeGreaterThan(0.75);
  });
});
