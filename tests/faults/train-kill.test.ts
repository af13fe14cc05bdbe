import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLineFile } from "../../src/training/line-file.ts";
import type { MetricsLine } from "../../src/fitting/metrics-log.ts";

const script = fileURLToPath(new URL("./train-toy.ts", import.meta.url));
// Two seeds of the student (390 steps each) and of its control.
const RUNS = [
  "bilstm/seed-0",
  "bilstm/seed-1",
  "bilstm-hard-label/seed-0",
  "bilstm-hard-label/seed-1",
];

interface Attempt {
  /** Steps that it had told of when it ended. */
  done: number;
  code: number | null;
  output: string;
  /** Its process group: its workers are in it too. */
  group: number;
}

/** Starts the training and, once it has told of so many steps, does something to it. */
function attempt(
  folder: string,
  disturb?: { at: number; by: (group: number) => void },
): Promise<Attempt> {
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), script, folder], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const group = child.pid!;
  let output = "";
  let disturbed = false;
  const done = () => Number(/(\d+)\n[^\d]*$/.exec(output)?.[1] ?? 0);
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    if (!disturb || disturbed || done() < disturb.at) return;
    disturbed = true;
    disturb.by(group);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ done: done(), code, output, group });
    });
  });
}

/** Workers of a group: its processes but the leader. */
async function workersOf(group: number): Promise<number[]> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const groups = await Promise.all(
    processes.map(async (name) => {
      const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return { id: Number(name), group: Number(fields[2]) };
    }),
  );
  return groups.filter((one) => one.group === group && one.id !== group).map(({ id }) => id);
}

async function untilGone(group: number): Promise<number[]> {
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await workersOf(group)).length === 0) break;
    await wait(100);
  }
  return workersOf(group);
}

async function expectSameRuns(folder: string, undisturbed: string): Promise<void> {
  for (const run of RUNS) {
    const weights = (of: string) => readFile(join(of, run, "weights.safetensors"));
    expect((await weights(folder)).equals(await weights(undisturbed)), run).toBe(true);
    const metrics = async (of: string) =>
      (await readLineFile<MetricsLine>(join(of, run, "metrics.jsonl"))).map((line) => ({
        ...line,
        textsPerSecond: 0,
      }));
    expect(await metrics(folder), run).toEqual(await metrics(undisturbed));
  }
}

// The killed process's children are found in /proc.
describe.skipIf(process.platform !== "linux")("training that is killed", () => {
  let undisturbed = "";
  let folders: string[] = [];
  const newFolder = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), "limbeck-kill-"));
    folders.push(folder);
    return folder;
  };
  beforeAll(async () => {
    undisturbed = await newFolder();
    expect((await attempt(undisturbed)).code).toBe(0);
  });
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true });
    folders = [];
  });

  it("ends in the same weights after SIGKILL of the parent at several moments, and leaves no process", async () => {
    const folder = await newFolder();
    let last: Attempt | undefined;
    for (const at of [60, 300, 600, 900]) {
      last = await attempt(folder, { at, by: (group) => process.kill(group, "SIGKILL") });
      expect(await untilGone(last.group)).toEqual([]);
    }
    expect(last?.code).not.toBe(0);
    expect((await attempt(folder)).code).toBe(0);
    await expectSameRuns(folder, undisturbed);
  });

  it("ends in the same weights after SIGKILL of all processes at once", async () => {
    const folder = await newFolder();
    for (const at of [100, 500]) {
      const killed = await attempt(folder, { at, by: (group) => process.kill(-group, "SIGKILL") });
      expect(killed.code).not.toBe(0);
    }
    expect((await attempt(folder)).code).toBe(0);
    await expectSameRuns(folder, undisturbed);
  });

  it("saves on Ctrl-C, which reaches every process, and goes on to the same weights", async () => {
    const folder = await newFolder();
    const stopped = await attempt(folder, {
      at: 200,
      by: (group) => process.kill(-group, "SIGINT"),
    });
    expect(stopped.output).toContain("failed: E_ABORTED");
    const saved = (await readdir(folder, { recursive: true })).filter((path) =>
      /checkpoint-\d+$/.test(path),
    );
    expect(saved.length).toBeGreaterThan(0);
    expect((await attempt(folder)).code).toBe(0);
    await expectSameRuns(folder, undisturbed);
  });

  it("tells of a worker that dies, lets the other runs finish, and goes on", async () => {
    const folder = await newFolder();
    const by = (group: number) => {
      void workersOf(group).then(([worker]) => process.kill(worker!, "SIGKILL"));
    };
    const failed = await attempt(folder, { at: 100, by });
    expect(failed.output).toMatch(
      /failed: E_TRAINING Expected the training of bilstm\S* to finish, got its process killed from outside \(SIGKILL\) after step \d+, loss \d[\d.e-]*\. .*train\.workers=1 instead of 2/,
    );
    const finished = (await readdir(folder, { recursive: true })).filter((path) =>
      /seed-\d.manifest\.json$/.test(path),
    );
    expect(finished.length).toBeGreaterThanOrEqual(1);
    expect((await attempt(folder)).code).toBe(0);
    await expectSameRuns(folder, undisturbed);
  });
});
