import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkSameWork } from "./check.ts";
import { fastest, interleave, type Contestant, type Result } from "./interleave.ts";
import { profileOurs } from "./profile.ts";
import { MODES, type Settings } from "./settings.ts";
import { startModule, startPeer, type Side } from "./side.ts";
import type { Finding } from "./statistics.ts";
import { randomTexts, writeTexts } from "./texts.ts";
import { PEER_OPTIMIZERS, type StepWork } from "./works.ts";

const WEIGHT_DECAY = 0.01;

/** A training step of ours in every mode against PyTorch's with every optimizer, after a check that they are the same. */
export async function stepRows(work: StepWork, settings: Settings): Promise<Finding[]> {
  const { note, modes, cores, python } = settings;
  const folder = join(settings.folder, work.name);
  await mkdir(folder);
  const ours = new Map(modes.map((mode) => [mode, startModule(import.meta.url, "./ours.ts")]));
  const peer = startPeer(import.meta.url, python);
  try {
    for (const [mode, side] of ours) {
      const sides = { ours: side, peer, mode: MODES[mode]!(cores), threads: cores };
      const { loss, gradient } = await checkSameWork(work, sides, folder);
      const differ = `losses to ${loss.toExponential(0)}, gradients to ${gradient.toExponential(0)}`;
      note(`  ${mode}: same as PyTorch's, ${differ}`);
    }
    const contestants = await openAll(work, { ours, peer }, folder, cores);
    const results = await interleave(contestants, settings.repeats);
    if (settings.profile) await profileOurs(work, folder, note);
    return findings(work, results, modes);
  } finally {
    await Promise.all([peer, ...ours.values()].map((side) => side.stop()));
    await rm(folder, { recursive: true });
  }
}

async function openAll(
  { model, batch, length }: StepWork,
  { ours, peer }: { ours: ReadonlyMap<string, Side>; peer: Side },
  folder: string,
  cores: number,
): Promise<Contestant[]> {
  const texts = join(folder, "texts");
  const weights = join(folder, "weights.safetensors");
  await writeTexts(texts, randomTexts({ ...model, texts: 20 * batch, length }));
  const common = { do: "open", model, batch, length, texts, weightDecay: WEIGHT_DECAY } as const;
  const contestants: Contestant[] = [];
  for (const [mode, side] of ours) {
    await side.ask({ ...common, id: mode, mode: MODES[mode]!(cores) });
    await side.ask({ do: "save", id: mode, path: weights });
    contestants.push({ name: mode, side, id: mode });
  }
  for (const optimizer of PEER_OPTIMIZERS) {
    await peer.ask({ ...common, id: optimizer, optimizer, threads: cores, weights });
    contestants.push({ name: optimizer, side: peer, id: optimizer });
  }
  return contestants;
}

function findings(
  { title, limits }: StepWork,
  results: ReadonlyMap<string, Result>,
  modes: readonly string[],
): Finding[] {
  const best = fastest(results, modes);
  const ours = results.get(best)!;
  const others = modes
    .filter((mode) => mode !== best)
    .map((mode) => `, ${mode} ${results.get(mode)!.milliseconds.toFixed(1)} ms`);
  return PEER_OPTIMIZERS.map((optimizer) => {
    const peer = results.get(optimizer)!;
    return {
      work: `${title}: step ÷ PyTorch, ${describeOptimizer(optimizer)}`,
      ours: ours.milliseconds,
      peer: peer.milliseconds,
      unit: "ms",
      limit: limits[optimizer] ?? null,
      cpu: { ours: ours.cpuMilliseconds, peer: peer.cpuMilliseconds },
      note: `${best}${others.join("")}`,
    };
  });
}

function describeOptimizer(optimizer: (typeof PEER_OPTIMIZERS)[number]): string {
  if (optimizer === "sparse") return "sparse embedding and SparseAdam";
  return optimizer === "fused" ? "AdamW(fused=True)" : "AdamW by default";
}
