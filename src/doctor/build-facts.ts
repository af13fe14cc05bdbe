import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { resolveTfjsNode } from "../engine/devices/eager-load.ts";
import { LimbeckError } from "../errors.ts";
import type { BuildFacts } from "./build-plan.ts";
import { runCommand } from "./commands.ts";

/** Where Node runs: what `process` knows. */
export interface Host {
  platform: string;
  architecture: string;
  /** The executable of Node. */
  executable: string;
  /** Without the leading `v`. */
  version: string;
}

/** What Debian and Ubuntu call what the build needs. */
const INSTALL = "apt-get install python3 python3-venv g++";

/**
 * Looks for what the build needs.
 *
 * @throws LimbeckError `E_DEVICE` naming the first thing that is missing, and how to get it.
 */
export async function findBuildFacts(gpu: boolean, host: Host): Promise<BuildFacts> {
  const { platform, architecture } = host;
  if (platform !== "linux" || architecture !== "x64") {
    throw missing(
      "Linux on x64",
      `${platform} on ${architecture}`,
      "There are no such wheels of TensorFlow for this machine: use the device cpu, or webgpu.",
    );
  }
  const packageFolder = findPackage(gpu);
  await expectTool("python3", ["-c", "import ensurepip, venv"], "python3 with its module venv");
  await expectTool("g++", ["--version"], "the compiler g++");
  return {
    gpu,
    packageFolder,
    cacheFolder: resolve(".limbeck", "tensorflow"),
    headers: findHeaders(host),
    build: await nextBuild(join(packageFolder, "deps")),
  };
}

function findPackage(gpu: boolean): string {
  const device = gpu ? "tfjs-node-gpu" : "tfjs-node";
  const entry = resolveTfjsNode(device);
  // Its main module is dist/index.js.
  if (entry !== null) return dirname(dirname(entry));
  throw missing(
    `the package @tensorflow/${device}`,
    "none",
    `Install it without its scripts, which would download TensorFlow 2.9: npm install --ignore-scripts @tensorflow/${device}@4.22.0`,
  );
}

async function expectTool(program: string, words: string[], what: string): Promise<void> {
  const { code } = await runCommand({ program, words });
  if (code !== 0) throw missing(what, "none that runs", `On Debian and Ubuntu: ${INSTALL}`);
}

/** Beside Node itself, where its archives have them, or where node-gyp keeps its download. */
function findHeaders({ executable, version }: Host): string {
  const folders = [
    join(dirname(dirname(executable)), "include", "node"),
    join(homedir(), ".cache", "node-gyp", version, "include", "node"),
  ];
  const found = folders.find((folder) => existsSync(join(folder, "node_api.h")));
  if (found !== undefined) return found;
  throw missing(
    `Node's headers in ${folders.join(" or ")}`,
    "no node_api.h there",
    "Download them: npx node-gyp install",
  );
}

/** One more than the highest number of `deps/tensorflow-<number>`. */
async function nextBuild(folder: string): Promise<number> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const numbers = names.map((name) => Number(/^tensorflow-(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers) + 1;
}

function missing(expected: string, got: string, cure: string): LimbeckError {
  return new LimbeckError("E_DEVICE", `Expected ${expected}, got ${got}. ${cure}`);
}
