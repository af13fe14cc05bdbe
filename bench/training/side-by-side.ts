import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Timing } from "./protocol.ts";
import type { Settings } from "./settings.ts";
import { startModule, startPeer, type Side } from "./side.ts";
import { median, type Finding } from "./statistics.ts";
import { randomTexts, writeTexts } from "./texts.ts";
import { BILSTM } from "./works.ts";

const RUNS = 4;
/** Updates per run and repeat. */
const STEPS = 40;
const PAUSE = 300;
const SIZES = { model: BILSTM, batch: 32, length: 64, weightDecay: 0.01 };

/**
 * Four independent trainings, such as four seeds: ours side by side, a process of one thread each and as many at a time
 * as there are cores (as the train stage has them), against PyTorch's one after the other, each on all cores.
 */
export async function sideBySide(settings: Settings): Promise<Finding[]> {
  const texts = join(settings.folder, "side-by-side");
  await writeTexts(
    texts,
    randomTexts({ ...BILSTM, texts: 20 * SIZES.batch, length: SIZES.length }),
  );
  const ours = Array.from({ length: RUNS }, () => startModule(import.meta.url, "./ours.ts"));
  const peer = startPeer(import.meta.url, settings.python);
  try {
    const open = { do: "open", id: "run", ...SIZES, texts } as const;
    await Promise.all(ours.map((side) => side.ask({ ...open, mode: { threads: 1 } })));
    await peer.ask({ ...open, optimizer: "fused", threads: settings.cores });
    await Promise.all(ours.map((side) => side.ask({ do: "steps", id: "run", count: 5 })));
    await peer.ask({ do: "steps", id: "run", count: 5 });
    const times = { ours: [] as number[], peer: [] as number[] };
    for (let repeat = 0; repeat < settings.repeats; repeat += 1) {
      await wait(PAUSE);
      times.ours.push(await secondsOf(ours, STEPS, settings.cores));
      await wait(PAUSE);
      times.peer.push(await secondsOf([peer], RUNS * STEPS, 1));
    }
    return [
      {
        work: `${RUNS} runs of ${STEPS} steps side by side, BiLSTM 128, V 30,000 ÷ PyTorch fused, in turn`,
        ours: median(times.ours),
        peer: median(times.peer),
        unit: "s",
        limit: 0.85,
        note: `ours: a process of one thread each, ${settings.cores} at a time`,
      },
    ];
  } finally {
    await Promise.all([peer, ...ours].map((side) => side.stop()));
  }
}

/** Until the last of them has made its updates, `atOnce` of them working at a time. */
async function secondsOf(sides: readonly Side[], count: number, atOnce: number): Promise<number> {
  const waiting = [...sides];
  const work = async (): Promise<void> => {
    for (let side = waiting.shift(); side; side = waiting.shift())
      await side.ask<Timing>({ do: "steps", id: "run", count });
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: atOnce }, work));
  return (performance.now() - started) / 1000;
}
