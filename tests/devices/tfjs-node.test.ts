import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { executable } from "../helpers/command-line.ts";

interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program in the folder, first of all finding programs in `first`. */
async function run(program: string, words: readonly string[], first?: string): Promise<Finished> {
  const path = [...(first === undefined ? [] : [first]), process.env["PATH"]].join(delimiter);
  const child = spawn(program, [...words], {
    cwd: folder,
    env: { ...process.env, PATH: path, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const finished: Finished = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (finished.stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (finished.stderr += chunk));
  return await new Promise((finish, fail) => {
    child.once("error", fail);
    child.once("close", (code) => {
      finish({ ...finished, code });
    });
  });
}

const node = (...words: string[]) => run(process.execPath, words);
const doctor = (words: readonly string[], first?: string) =>
  run(process.execPath, [executable, "doctor", ...words], first);

const TFJS_NODE = "@tensorflow/tfjs-node";
let folder = "";
let built: Finished;
const inPackage = (...names: string[]) => join(folder, "node_modules", TFJS_NODE, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "limbeck-tfjs-node-"));
  await writeFile(join(folder, "package.json"), '{ "private": true }');
  const words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${TFJS_NODE}@4.22.0`];
  const installed = await run("npm", words);
  expect(installed.code, installed.stderr).toBe(0);
  built = await doctor(["--build-tfjs-node", "--yes"]);
}, 600_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("tfjs-node, built on a current TensorFlow", () => {
  it("is built by the doctor, who shows the commands first", async () => {
    expect(built.stderr).toBe("");
    expect(built.code).toBe(0);
    expect(built.stdout).toMatch(/g\+\+ .*-ltensorflow|g\+\+ .*libtensorflow_cc/);
    expect(built.stdout.trimEnd().split("\n").at(-1)).toMatch(
      /^Built .*tfjs_binding\.node against tensorflow_cpu-2\..*\.whl\.$/,
    );
    expect(await readdir(inPackage("lib", "napi-v8"))).toEqual(["tfjs_binding.node"]);
    // The headers are gone: only the two libraries are needed from now on.
    expect((await readdir(inPackage("deps", "tensorflow-1", "tensorflow"))).sort()).toEqual([
      "libtensorflow_cc.so.2",
      "libtensorflow_framework.so.2",
    ]);
  });

  it("takes 20 steps of both students with cpu's losses, and keeps no tensor", async () => {
    const script = fileURLToPath(new URL("tfjs-node-steps.ts", import.meta.url));
    const { code, stdout, stderr } = await node("--import", import.meta.resolve("tsx"), script);
    expect(code, stderr).toBe(0);
    const results = JSON.parse(stdout) as Record<
      string,
      { device: string; losses: number[]; before: number; after: number }[]
    >;
    expect(Object.keys(results)).toEqual(["bilstm", "transformer"]);
    for (const [name, [eager, cpu]] of Object.entries(results)) {
      expect([eager!.device, cpu!.device]).toEqual(["tfjs-node", "cpu"]);
      expect(eager!.losses).toHaveLength(20);
      expect(eager!.losses.at(-1), name).toBeLessThan(eager!.losses[0]!);
      eager!.losses.forEach((loss, step) => {
        const reference = cpu!.losses[step]!;
        expect(Math.abs(loss - reference) / reference, `${name}, step ${step}`).toBeLessThan(1e-4);
      });
      expect(eager!.after, name).toBe(eager!.before);
    }
  });

  it("is seen by the doctor, as close to cpu as float32 allows", async () => {
    const { code, stdout } = await doctor(["--json"]);
    expect(code).toBe(0);
    const { devices } = JSON.parse(stdout) as {
      devices: { device: string; available: boolean; difference: number | null; stepMs: number }[];
    };
    const found = devices.find(({ device }) => device === "tfjs-node")!;
    expect(found.available).toBe(true);
    expect(found.stepMs).toBeGreaterThan(0);
    expect(found.difference).toBeLessThan(1e-4);
    // Another computation: were it cpu's own, they would be the same bits.
    expect(found.difference).toBeGreaterThan(0);
  });

  it("stays as it is when a later build fails, which names the command and its last lines", async () => {
    const binding = await readFile(inPackage("lib", "napi-v8", "tfjs_binding.node"));
    const tools = join(folder, "tools");
    await mkdir(tools);
    // A compiler that is there but cannot compile.
    const script = '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "no such flag" >&2\nexit 4\n';
    await writeFile(join(tools, "g++"), script);
    await chmod(join(tools, "g++"), 0o755);
    const { code, stderr } = await doctor(["--build-tfjs-node", "--yes"], tools);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /got exit code 4:\n {2}cd .* && g\+\+ .*tfjs_binding\.cc.*\n {2}\| no such flag\n/,
    );
    const after = await readFile(inPackage("lib", "napi-v8", "tfjs_binding.node"));
    expect(after.equals(binding)).toBe(true);
    expect(await readdir(inPackage("lib", "napi-v8"))).toEqual(["tfjs_binding.node"]);
    expect(await readdir(inPackage("deps"))).toEqual(["tensorflow-1"]);
  });
});
