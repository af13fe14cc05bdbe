import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildBinding } from "../../src/doctor/build.ts";
import { planBuild } from "../../src/doctor/build-plan.ts";
import type { BuildPlan, BuildStep } from "../../src/doctor/build-plan.ts";
import { FACTS } from "./fake-build.ts";

let folder: string;
let plan: BuildPlan;

/** A step that runs JavaScript. */
const step = (title: string, source: string): BuildStep => ({
  title,
  command: { program: process.execPath, words: ["-e", source] },
});
const show = ({ title }: BuildStep): string => `<${title}>`;

/** Makes the new libraries and the new binding, as the real commands do. */
function makeAll(): BuildStep {
  const { libraries, unproven } = plan;
  return step(
    "make",
    `const fs = require("fs");
     fs.mkdirSync(${JSON.stringify(join(libraries, "tensorflow", "include"))}, { recursive: true });
     fs.writeFileSync(${JSON.stringify(unproven)}, "no binding at all");`,
  );
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-build-"));
  const packageFolder = join(folder, "package");
  plan = planBuild({ ...FACTS, packageFolder, cacheFolder: join(folder, "cache"), build: 2 });
  await mkdir(join(packageFolder, "deps", "tensorflow-1"), { recursive: true });
  await mkdir(join(packageFolder, "lib", "napi-v8"), { recursive: true });
  await writeFile(plan.binding, "the present binding");
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function expectUntouched(): Promise<void> {
  expect(await readFile(plan.binding, "utf8")).toBe("the present binding");
  expect(await readdir(join(plan.packageFolder, "lib", "napi-v8"))).toEqual(["tfjs_binding.node"]);
  expect(await readdir(join(plan.packageFolder, "deps"))).toEqual(["tensorflow-1"]);
}

describe("a build", () => {
  it("that fails names the command and its last lines, and leaves everything as it was", async () => {
    const noise = step(
      "fail",
      'for (let line = 1; line <= 30; line += 1) console.log("line " + line); console.error("no space"); process.exit(3)',
    );
    const titles: string[] = [];
    const report = (title: string): void => void titles.push(title);
    await expect(
      buildBinding({ ...plan, steps: [makeAll(), noise, step("never", "")] }, { show, report }),
    ).rejects.toThrow(
      expect.objectContaining({
        code: "E_DEVICE",
        // Twelve lines: the last eleven numbered ones and the error.
        message: expect.stringMatching(
          /got exit code 3:\n {2}<fail>\n {2}\| line 20\n[^]*\| line 30\n {2}\| no space\n/,
        ) as string,
      }),
    );
    expect(titles).toEqual(["make", "fail"]);
    await expectUntouched();
  });

  it("whose binding does not load is no better", async () => {
    await expect(buildBinding({ ...plan, steps: [makeAll()] }, { show })).rejects.toThrow(
      expect.objectContaining({
        code: "E_DEVICE",
        message: expect.stringMatching(/^Expected the new binding to multiply/) as string,
      }),
    );
    await expectUntouched();
  });

  it("that is interrupted ends its command and removes what it began", async () => {
    const controller = new AbortController();
    const sleep = step("sleep", "setTimeout(() => {}, 600_000)");
    const building = buildBinding(
      { ...plan, steps: [makeAll(), sleep] },
      {
        show,
        signal: controller.signal,
        report: (title) => {
          if (title === "sleep")
            setTimeout(() => {
              controller.abort();
            }, 100);
        },
      },
    );
    await expect(building).rejects.toThrow(expect.objectContaining({ code: "E_ABORTED" }));
    await expectUntouched();
  });

  it("whose program is missing says so", async () => {
    const missing = { title: "missing", command: { program: "no-such-program", words: [] } };
    await expect(buildBinding({ ...plan, steps: [missing] }, { show })).rejects.toThrow(
      /no exit code:\n {2}<missing>\n {2}\| .*ENOENT/,
    );
    await expectUntouched();
  });
});
