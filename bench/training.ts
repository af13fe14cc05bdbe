import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeEnvironment } from "../src/platform/environment.ts";
import { packageRoot } from "../src/platform/package-root.ts";
import { coldStart } from "./training/cold-start.ts";
import { eagerRows } from "./training/eager-rows.ts";
import { ensurePeer, torchVersion } from "./training/peer-environment.ts";
import { readParameters, type Settings } from "./training/settings.ts";
import { sentenceRows } from "./training/sentence-rows.ts";
import { sideBySide } from "./training/side-by-side.ts";
import { misses, tableLines, toRows, type Finding } from "./training/statistics.ts";
import { plotSpeed } from "./training/speed-sweeps.ts";
import { stepRows } from "./training/step-rows.ts";
import { STEP_WORKS } from "./training/works.ts";

type Measurement = (settings: Settings) => Promise<Finding[]>;

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  ...Object.fromEntries(
    STEP_WORKS.map((work) => [work.name, (settings: Settings) => stepRows(work, settings)]),
  ),
  "side-by-side": sideBySide,
  sentences: sentenceRows,
  "cold-start": coldStart,
  eager: eagerRows,
};

/**
 * Training on the processor, held against PyTorch on the same cores.
 *
 * @param parameters - see `readParameters`; without `--only` everything is measured, with `--plot` only what the plot
 *   shows
 */
export async function training(parameters: readonly string[]): Promise<void> {
  const given = readParameters(parameters);
  const names = given.only ?? Object.keys(MEASUREMENTS);
  const unknown = names.find((name) => !(name in MEASUREMENTS));
  if (unknown !== undefined)
    throw new Error(`Expected --only=${Object.keys(MEASUREMENTS).join(",")}, got ${unknown}.`);
  const note = (line: string): void => {
    console.error(line);
  };
  const python = given.python ?? (await ensurePeer(note));
  const environment = { ...describeEnvironment(), torch: await torchVersion(python) };
  note(`${environment.processor}, ${given.cores} cores; PyTorch ${environment.torch ?? "?"}`);
  const folder = await mkdtemp(join(tmpdir(), "limbeck-training-"));
  const texts = given.texts ?? join(packageRoot(), "datasets", "banking77", "train.tsv");
  const settings: Settings = { ...given, python, folder, texts, note };
  const findings: Finding[] = [];
  try {
    if (given.plot) {
      await plotSpeed(settings, environment);
      return;
    }
    for (const name of names) {
      note(`${name} …`);
      findings.push(...(await MEASUREMENTS[name]!(settings)));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  for (const line of tableLines(findings)) console.log(line);
  if (given.json) console.log(JSON.stringify({ environment, rows: toRows(findings) }));
  if (findings.some(misses)) process.exitCode = 1;
}
