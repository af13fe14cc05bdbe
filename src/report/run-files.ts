import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { SPEED_FILE } from "../bundle/bundle-files.ts";
import type { Parity } from "../bundle/parity.ts";
import type { SpeedFile, SystemSpeed } from "../bundle/speed.ts";
import type { Scores } from "../evaluation/scores.ts";
import { readJson } from "../platform/files.ts";
import type {
  LabelDetails,
  PrepareDetails,
  StageManifest,
  TextRow,
  TrainDetails,
  TrainedRun,
} from "../types.ts";

/** All that a report is made of. */
export interface RunFiles {
  scores: Scores;
  manifests: {
    prepare: StageManifest<PrepareDetails>;
    label: StageManifest<LabelDetails>;
    train: StageManifest<TrainDetails>;
    /** Others that the report names: evaluate, export. */
    others: StageManifest[];
  };
  environment: Record<string, unknown>;
  /** By name of the system; empty where nothing was measured. */
  speeds: ReadonlyMap<string, SystemSpeed>;
  parities: ReadonlyMap<string, Parity>;
  curves: readonly TrainingCurve[];
  /** Bytes of the files of controls that are not exported, by name. */
  controlBytes: ReadonlyMap<string, number>;
  testTexts: readonly TextRow[];
}

export interface TrainingCurve {
  run: TrainedRun;
  /** `[step, share of the held-out texts with the teacher's class]` at the end of each epoch. */
  points: [number, number][];
}

/** Speeds and parities that the export left; nothing where there was none. */
export async function readExports(
  run: string,
): Promise<{ speeds: Map<string, SystemSpeed>; parities: Map<string, Parity> }> {
  const folder = join(run, "export");
  const speed = await readJson<SpeedFile>(join(folder, SPEED_FILE));
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const parities = new Map<string, Parity>();
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const parity = await readJson<Parity>(join(folder, name, "parity.json"));
    if (parity !== null) parities.set(name, parity);
  }
  return { speeds: new Map(speed?.systems.map((system) => [system.name, system])), parities };
}

/** Validation scores from `metrics.jsonl`; a run without any has no points. */
export async function readCurve(run: string, trained: TrainedRun): Promise<TrainingCurve> {
  const path = join(run, "train", trained.folder, "metrics.jsonl");
  const content = await readFile(path, "utf8").catch(() => "");
  const points = content
    .split("\n")
    .filter((line) => line.includes('"validation"'))
    .flatMap((line): [number, number][] => {
      const { step, validation } = JSON.parse(line) as {
        step: number;
        validation?: { agreement?: number };
      };
      return validation?.agreement === undefined ? [] : [[step, validation.agreement]];
    });
  return { run: trained, points };
}

/** Bytes of a control's folder without its records of the training. */
export async function sumBytes(run: string, { folder }: TrainedRun): Promise<number> {
  const root = join(run, "train", folder);
  const names = await readdir(root).catch((): string[] => []);
  const records = ["manifest.json", "state.json", "metrics.jsonl", "optimizer.safetensors"];
  const sizes = names
    .filter((name) => !records.includes(name) && !name.startsWith("."))
    .map(async (name) => (await stat(join(root, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
