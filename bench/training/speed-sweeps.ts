import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/platform/package-root.ts";
import { fastest, interleave, type Contestant } from "./interleave.ts";
import { MODES, type Settings } from "./settings.ts";
import { startModule, startPeer, type Side } from "./side.ts";
import { drawSpeedChart, type SpeedPanel, type SpeedPoint } from "./speed-chart.ts";
import { BILSTM, TRANSFORMER, type ModelSpec } from "./works.ts";

interface Setting {
  model: ModelSpec;
  batch: number;
  length: number;
  cores: number;
}

interface Sweep {
  title: string;
  sizes: readonly number[];
  apply: (base: Setting, size: number) => Setting;
}

const REPEATS = 3;

function sweeps(): Sweep[] {
  const most = availableParallelism();
  const cores = [1, 2, 4, 8, 16].filter((count) => count <= most);
  return [
    {
      title: "texts per batch",
      sizes: [8, 16, 32, 64, 128],
      apply: (base, batch) => ({ ...base, batch }),
    },
    {
      title: "tokens per text",
      sizes: [16, 32, 64, 128],
      apply: (base, length) => ({ ...base, length }),
    },
    { title: "width", sizes: [64, 128, 256, 384], apply: widen },
    {
      title: "vocabulary",
      sizes: [1000, 8000, 30_000, 100_000],
      apply: (base, vocabulary) => ({ ...base, model: { ...base.model, vocabulary } }),
    },
    { title: "cores", sizes: cores, apply: (base, count) => ({ ...base, cores: count }) },
  ];
}

function widen(base: Setting, width: number): Setting {
  const { model } = base;
  const lstm = model.student === "bilstm" ? { hidden: width } : {};
  return { ...base, model: { ...model, embedding: width, options: { ...model.options, ...lstm } } };
}

/** Measures time against batch, length, width, vocabulary and cores, and draws `docs/training-speed.svg`. */
export async function plotSpeed(
  settings: Settings,
  environment: { processor: string; torch: string | null },
): Promise<void> {
  const rows = [];
  const models = [
    { title: "BiLSTM", model: BILSTM },
    { title: "Transformer, 2 layers", model: TRANSFORMER },
  ];
  for (const { title, model } of models) {
    const base = { model, batch: 32, length: 64, cores: settings.cores };
    const panels: SpeedPanel[] = [];
    for (const sweep of sweeps()) {
      const points: SpeedPoint[] = [];
      for (const size of sweep.sizes) {
        const times = await measure(sweep.apply(base, size), settings);
        settings.note(
          `  ${title}, ${sweep.title} ${size}: ${times.ours.toFixed(1)} ms, PyTorch ${times.peer.toFixed(1)} ms`,
        );
        points.push({ size, ...times });
      }
      panels.push({ title: sweep.title, points });
    }
    rows.push({ title, panels });
  }
  const svg = drawSpeedChart({
    title: "Milliseconds per training step: forward, backward, AdamW",
    captions: [
      `Where not varied: 32 texts of 64 tokens, width 128, vocabulary 30,000, ${settings.cores} cores. Medians, taken in turns.`,
      `${environment.processor}; drawn by npm run bench -- training --plot.`,
    ],
    peer: `PyTorch ${environment.torch ?? ""}, AdamW(fused=True)`,
    rows,
  });
  const folder = join(packageRoot(), "docs");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "training-speed.svg"), svg);
}

async function measure(
  { model, batch, length, cores }: Setting,
  { modes, python }: Settings,
): Promise<{ ours: number; peer: number }> {
  const sides: Side[] = [];
  try {
    const open = { do: "open", model, batch, length, weightDecay: 0.01 } as const;
    const contestants: Contestant[] = [];
    for (const name of modes) {
      const side = startModule(import.meta.url, "./ours.ts");
      sides.push(side);
      await side.ask({ ...open, id: name, mode: MODES[name]!(cores) });
      contestants.push({ name, side, id: name });
    }
    const peer = startPeer(import.meta.url, python);
    sides.push(peer);
    await peer.ask({ ...open, id: "peer", optimizer: "fused", threads: cores });
    contestants.push({ name: "peer", side: peer, id: "peer" });
    const results = await interleave(contestants, REPEATS);
    const best = fastest(results, modes);
    return { ours: results.get(best)!.milliseconds, peer: results.get("peer")!.milliseconds };
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}
