import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limbeck } from "../helpers/command-line.ts";
import { startLimbeck, writeSmallRecipe } from "./small-run.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-lock-"));
  await writeSmallRecipe(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("two runs in one folder", () => {
  it("tells the second who holds it, and lets the next take over once the first was killed", async () => {
    const first = startLimbeck(["run", "small.yaml"], folder);
    await first.reports("stage-start", "label");
    const second = await limbeck(["run", "small.yaml"], { folder });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(
      `in use (limbeck run small): process ${first.child.pid ?? -1} on ${hostname()}, since `,
    );
    expect(second.stderr).not.toMatch(/^\s+at /m);
    first.child.kill("SIGKILL");
    await first.ended;
    expect(await readdir(join(folder, "runs/small"))).toContain(".lock");
    const third = await limbeck(["label", "small.yaml"], { folder });
    expect(third.stderr).toContain("prepare   skipped");
    expect(third.code).toBe(0);
    expect(
      JSON.parse(await readFile(join(folder, "runs/small/label/manifest.json"), "utf8")),
    ).toMatchObject({
      stage: "label",
    });
    expect(await readdir(join(folder, "runs/small"))).not.toContain(".lock");
  });
});
