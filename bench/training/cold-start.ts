import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { packageRoot } from "../../src/platform/package-root.ts";
import type { OpenOurs, OpenPeer } from "./protocol.ts";
import { MODES, type Settings } from "./settings.ts";
import { Side, startPeer } from "./side.ts";
import { median, type Finding } from "./statistics.ts";
import { BILSTM } from "./works.ts";

const STEPS = 10;
const REPEATS = 5;
const PAUSE = 300;
const OPEN = {
  do: "open",
  id: "cold",
  model: BILSTM,
  batch: 32,
  length: 64,
  weightDecay: 0.01,
} as const;

/**
 * From the start of the process to the tenth update, with random weights and texts of its own. Ours is built to
 * JavaScript before, as the published package is.
 */
export async function coldStart(settings: Settings): Promise<Finding[]> {
  settings.note("  building JavaScript …");
  const module = await build();
  const starts: Record<string, () => Promise<number>> = {
    peer: () => {
      const open: OpenPeer = { ...OPEN, optimizer: "fused", threads: settings.cores };
      return secondsToTenth(() => startPeer(import.meta.url, settings.python), open);
    },
  };
  for (const mode of settings.modes) {
    const open: OpenOurs = { ...OPEN, mode: MODES[mode]!(settings.cores) };
    starts[mode] = () => secondsToTenth(() => new Side(process.execPath, [module]), open);
  }
  const seconds = new Map<string, number[]>(Object.keys(starts).map((name) => [name, []]));
  // The first start of each reads from the disk what later ones find in memory: it does not count.
  for (let repeat = 0; repeat <= Math.min(REPEATS, settings.repeats); repeat += 1) {
    for (const [name, start] of Object.entries(starts)) {
      const taken = await start();
      if (repeat > 0) seconds.get(name)!.push(taken);
      await wait(PAUSE);
    }
  }
  const medians = new Map([...seconds].map(([name, all]) => [name, median(all)]));
  const [best, ...others] = [...settings.modes].sort((a, b) => medians.get(a)! - medians.get(b)!);
  const beside = others.map((mode) => `, ${mode} ${medians.get(mode)!.toFixed(2)} s`).join("");
  return [
    {
      work: `cold start: process start to the ${STEPS}th step, BiLSTM 128, V 30,000 ÷ PyTorch fused`,
      ours: medians.get(best!)!,
      peer: medians.get("peer")!,
      unit: "s",
      limit: 0.4,
      note: `${best!}${beside}`,
    },
  ];
}

async function secondsToTenth(start: () => Side, open: OpenOurs | OpenPeer): Promise<number> {
  const started = performance.now();
  const side = start();
  try {
    const opened = side.ask(open);
    await side.ask({ do: "steps", id: open.id, count: STEPS });
    await opened;
    return (performance.now() - started) / 1000;
  } finally {
    await side.stop();
  }
}

/** Builds our side into `.limbeck/bench`, where it finds the package's dependencies; returns its path. */
async function build(): Promise<string> {
  const root = packageRoot();
  const folder = join(root, ".limbeck", "bench");
  await mkdir(folder, { recursive: true });
  const settings = {
    extends: join(root, "tsconfig.build.json"),
    compilerOptions: { rootDir: root, outDir: join(folder, "build"), declaration: false },
    include: [join(root, "src"), join(root, "students"), join(root, "bench/training/ours.ts")],
  };
  const project = join(folder, "tsconfig.json");
  await writeFile(project, JSON.stringify(settings));
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [compiler, "-p", project]);
  return join(folder, "build", "bench", "training", "ours.js");
}
