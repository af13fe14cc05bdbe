import type { Timing } from "./protocol.ts";
import { MODES, type Settings } from "./settings.ts";
import { startModule, type Side } from "./side.ts";
import type { Finding } from "./statistics.ts";
import { ensureTfjs, type Backend } from "./tfjs-environment.ts";
import { STEP_WORKS, type StepWork } from "./works.ts";

const OUR_STEPS = 20;
/** After two that warm up; a single one, of ten seconds, goes without. */
const THEIR_STEPS: Readonly<Record<Backend, number>> = { tensorflow: 20, wasm: 4, cpu: 1 };

/** A step of eager TensorFlow.js, backend by backend, beside ours. A backend that cannot be had is named so. */
export async function eagerRows(settings: Settings): Promise<Finding[]> {
  const works = STEP_WORKS.filter(({ name }) => name === "bilstm" || name === "transformer");
  const { folder, missing } = await ensureTfjs(settings.note);
  const findings: Finding[] = [];
  for (const work of works) {
    const mode = settings.modes[0]!;
    const ours = await secondsPerStep(
      startModule(import.meta.url, "./ours.ts"),
      work,
      OUR_STEPS,
      settings,
    );
    for (const [backend, count] of Object.entries(THEIR_STEPS) as [Backend, number][]) {
      try {
        const absent = missing.get(backend);
        if (absent !== undefined) throw new Error(absent);
        const side = startModule(import.meta.url, "./eager.ts", backend, folder);
        const theirs = await secondsPerStep(side, work, count, settings);
        findings.push({
          work: `${work.title}: step ÷ eager tfjs, ${backend}`,
          ours: ours * 1000,
          peer: theirs * 1000,
          unit: "ms",
          limit: null,
          note: `${mode}; tfjs: ${count === 1 ? "one step" : `${count} steps`}, the table not updated`,
        });
      } catch (error) {
        const [reason] = (error as Error).message.split("\n");
        settings.note(`  tfjs ${backend}: left out. ${reason!}`);
      }
    }
  }
  return findings;
}

/** Warms up by two steps where there are many. Ends the side. */
async function secondsPerStep(
  side: Side,
  { model, batch, length }: StepWork,
  count: number,
  { modes, cores }: Settings,
): Promise<number> {
  const id = "eager";
  try {
    const mode = MODES[modes[0]!]!(cores);
    await side.ask({ do: "open", id, model, batch, length, weightDecay: 0.01, mode });
    if (count > 2) await side.ask({ do: "steps", id, count: 2 });
    const { seconds } = await side.ask<Timing>({ do: "steps", id, count });
    return seconds / count;
  } finally {
    await side.stop();
  }
}
