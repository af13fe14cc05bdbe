import type { Timing } from "./protocol.ts";
import { MODES, type Settings } from "./settings.ts";
import { startModule, type Side } from "./side.ts";
import type { Finding } from "./statistics.ts";
import { STEP_WORKS, type StepWork } from "./works.ts";

const BACKENDS = ["cpu", "wasm", "tensorflow"];
const OUR_STEPS = 20;

/** One step of eager TensorFlow.js, backend by backend, beside ours. A backend that is not installed is named so. */
export async function eagerRows(settings: Settings): Promise<Finding[]> {
  const works = STEP_WORKS.filter(({ name }) => name === "bilstm" || name === "transformer");
  const findings: Finding[] = [];
  for (const work of works) {
    const mode = settings.modes[0]!;
    const ours = await secondsPerStep(startModule("./ours.ts"), work, OUR_STEPS, settings);
    for (const backend of BACKENDS) {
      const side = startModule("./eager.ts", [backend]);
      try {
        const theirs = await secondsPerStep(side, work, 1, settings);
        findings.push({
          work: `${work.title}: step ÷ eager tfjs, ${backend}`,
          ours: ours * 1000,
          peer: theirs * 1000,
          unit: "ms",
          limit: null,
          note: `${mode}; tfjs: one step, the table not updated`,
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
