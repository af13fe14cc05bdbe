import { mkdtemp, readFile, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STAGES } from "../../src/types.ts";
import { limbeck } from "../helpers/command-line.ts";
import { startLimbeck, temporaryFiles, writeSmallRecipe } from "./small-run.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-signals-"));
  await writeSmallRecipe(folder);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Whether any process of a group is left. */
function groupIsAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(group: number): Promise<boolean> {
  for (let tries = 0; tries < 50 && groupIsAlive(group); tries += 1) await wait(100);
  return !groupIsAlive(group);
}

// One after the other in one folder: each run goes on where the last was stopped.
describe("Ctrl-C", () => {
  it.each(STAGES)("in stage %s stops the run, which then goes on", async (stage) => {
    const run = startLimbeck(["run", "small.yaml"], folder);
    // In the two long stages in the middle of the work.
    await run.reports(["label", "train"].includes(stage) ? "progress" : "stage-start", stage);
    run.pressCtrlC();
    const code = await run.ended;
    const { stdout, stderr } = run.output();
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await temporaryFiles(join(folder, "runs"))).toEqual([]);
    expect(existsSync(join(folder, "runs/small/.lock"))).toBe(false);
    if (code === 0) {
      // It came in the last stage, after its last word.
      expect(stage).toBe("report");
      return;
    }
    expect(code).toBe(130);
    expect(stderr).toContain("Stopping: what is done so far is being saved. Ctrl-C again leaves");
    expect(stderr).toContain("The same command goes on from here.");
    expect(stdout).toContain('"code":"E_ABORTED"');
    const later = STAGES.slice(STAGES.indexOf(stage) + 1);
    for (const name of later)
      expect(existsSync(join(folder, `runs/small/${name}/manifest.json`))).toBe(false);
  });

  it("has left nothing that a last run could not finish", async () => {
    const { code, stderr } = await limbeck(["run", "small.yaml"], { folder });
    expect(code).toBe(0);
    expect(stderr).toContain("prepare   skipped");
    const report = JSON.parse(
      await readFile(join(folder, "runs/small/report/report.json"), "utf8"),
    ) as {
      systems: { name: string }[];
    };
    expect(report.systems.map(({ name }) => name)).toContain("bilstm");
  });

  it("twice leaves at once, with every worker", async () => {
    const run = startLimbeck(
      ["run", "small.yaml", "--from", "train", "--set", "train.epochs=200"],
      folder,
    );
    await run.reports("progress", "train");
    run.pressCtrlC();
    // Not later than the first has been noticed: a process that has saved all and is at its very end has no listeners.
    while (!run.output().stderr.includes("Stopping")) await wait(1);
    run.pressCtrlC();
    expect(await run.ended).toBe(130);
    expect(await untilGone(run.child.pid ?? 0)).toBe(true);
  });
});
