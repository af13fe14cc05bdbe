// npm run bench -- NAME [--json]: measurements, and the peers that they are held against.
import { labellingLlm } from "./labelling-llm.ts";
import { labelReading } from "./label-reading.ts";
import { quickstart } from "./quickstart.ts";
import { shards } from "./shards.ts";
import { textsMemory } from "./texts-memory.ts";
import { training } from "./training.ts";
import { trainingMemory } from "./training-memory.ts";

const benches: Readonly<Record<string, (parameters: readonly string[]) => Promise<void>>> = {
  "labelling-llm": labellingLlm,
  "label-reading": labelReading,
  quickstart,
  shards,
  "texts-memory": textsMemory,
  training,
  "training-memory": trainingMemory,
};

const [name, ...parameters] = process.argv.slice(2);
const bench = name === undefined ? undefined : benches[name];
if (bench === undefined) {
  console.error(
    `Usage: npm run bench -- NAME [--json]. Names: ${Object.keys(benches).join(", ")}.`,
  );
  process.exitCode = 2;
} else {
  await bench(parameters);
}
