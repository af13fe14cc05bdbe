import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { packageRoot } from "../../src/platform/package-root.ts";
import { textLengths } from "../../src/fitting/training-set.ts";
import type { Timing } from "./protocol.ts";
import { MODES, type Settings } from "./settings.ts";
import { startModule, startPeer } from "./side.ts";
import { median, type Finding } from "./statistics.ts";
import { sentences, writeTexts } from "./texts.ts";
import { BILSTM, TRANSFORMER, type ModelSpec } from "./works.ts";

/** Those of the shipped tokenizer. */
const VOCABULARY = 30_522;
const MOST_TEXTS = 10_003;
const REPEATS = 3;
const PAUSE = 300;

interface PeerVariant {
  id: string;
  title: string;
  packed: boolean;
  limit: number | null;
}

/** How a user of Hugging Face's Trainer has it: batches at random, padded to the longest, padding computed. */
const PADDED: PeerVariant = { id: "padded", title: "padded", packed: false, limit: 0.8 };
/** The same result as ours at a price: an LSTM that skips padding. */
const PACKED: PeerVariant = { id: "packed", title: "packed sequences", packed: true, limit: null };

/**
 * One epoch over sentences of real lengths in our buckets of similar length, against random batches padded to their
 * longest as Hugging Face's Trainer makes them, with its AdamW (fused) and its clipping at norm 1 on both sides.
 * Collating the batches counts, tokenizing does not.
 *
 * PyTorch's LSTM reads padding as if it were text, which ours does not: its cheapest way is the one that is held
 * against ours, the right one (packed sequences) is printed beside.
 */
export async function sentenceRows(settings: Settings): Promise<Finding[]> {
  const tokenizer = join(packageRoot(), "teachers", "minilm-l6-v2", "tokenizer.json");
  const options = { classes: BILSTM.classes, most: MOST_TEXTS, maxLength: BILSTM.maxLength };
  const set = await sentences(settings.texts, tokenizer, options);
  const texts = join(settings.folder, "sentences");
  await writeTexts(texts, set);
  const lengths = [...textLengths(set)];
  const described = `${set.rows} texts of ${basename(join(settings.texts, ".."))}`;
  settings.note(
    `  ${described}: median ${median(lengths)}, longest ${Math.max(...lengths)} pieces`,
  );
  const bilstm = { title: `BiLSTM 128, epoch of ${described}`, model: BILSTM };
  const transformer = { title: `Transformer 2×128, epoch of ${described}`, model: TRANSFORMER };
  return [
    ...(await epochs({ ...bilstm, texts, variants: [PADDED, PACKED] }, settings)),
    ...(await epochs({ ...transformer, texts, variants: [PADDED] }, settings)),
  ];
}

interface EpochWork {
  title: string;
  model: ModelSpec;
  texts: string;
  variants: readonly PeerVariant[];
}

async function epochs(work: EpochWork, settings: Settings): Promise<Finding[]> {
  const { modes, cores, python } = settings;
  const model = { ...work.model, vocabulary: VOCABULARY };
  const open = { do: "open", model, batch: 32, length: 64, texts: work.texts } as const;
  const common = { ...open, weightDecay: 0.01, clipNorm: 1 };
  const ours = new Map(modes.map((mode) => [mode, startModule(import.meta.url, "./ours.ts")]));
  const peer = startPeer(import.meta.url, python);
  try {
    for (const [mode, side] of ours) {
      await side.ask({ ...common, id: mode, mode: MODES[mode]!(cores) });
      await side.ask({ do: "steps", id: mode, count: 5 });
    }
    for (const { id, packed } of work.variants) {
      await peer.ask({ ...common, id, packed, optimizer: "fused", threads: cores });
      await peer.ask({ do: "steps", id, count: 5 });
    }
    const sides = [
      ...[...ours].map(([id, side]) => ({ id, side })),
      ...work.variants.map(({ id }) => ({ id, side: peer })),
    ];
    const seconds = new Map<string, number[]>(sides.map(({ id }) => [id, []]));
    for (let repeat = 0; repeat < Math.min(REPEATS, settings.repeats); repeat += 1) {
      for (const { id, side } of sides) {
        await wait(PAUSE);
        seconds.get(id)!.push((await side.ask<Timing>({ do: "epoch", id })).seconds);
      }
    }
    return findings(work, modes, new Map([...seconds].map(([id, all]) => [id, median(all)])));
  } finally {
    await Promise.all([peer, ...ours.values()].map((side) => side.stop()));
  }
}

function findings(
  { title, variants }: EpochWork,
  modes: readonly string[],
  seconds: ReadonlyMap<string, number>,
): Finding[] {
  const sorted = [...modes].sort((a, b) => seconds.get(a)! - seconds.get(b)!);
  const [best, ...others] = sorted;
  const beside = others.map((mode) => `, ${mode} ${seconds.get(mode)!.toFixed(2)} s`).join("");
  return variants.map((variant) => ({
    work: `${title}, B 32, in buckets ÷ PyTorch fused, ${variant.title}`,
    ours: seconds.get(best!)!,
    peer: seconds.get(variant.id)!,
    unit: "s",
    limit: variant.limit,
    note: `${best!}${beside}`,
  }));
}
