import { trainAll } from "../../src/training/train-all.ts";
import { toyRecipe, toyTraining } from "../training/toy-run.ts";

// A process to kill: trains the toy run in the folder of its parameter and says how far it is.
const stop = new AbortController();
process.on("SIGINT", () => {
  stop.abort();
});
const recipe = toyRecipe({
  student: { kind: "bilstm", hidden: 32, embedding: { size: 12 } },
  train: { epochs: 30, batch: 16, learningRate: 0.005, seeds: 2, patience: 30 },
  controls: ["hard-label"],
});
const options = await toyTraining(process.argv[2]!, recipe);
await trainAll({
  ...options,
  signal: stop.signal,
  onProgress: (done) => process.stdout.write(`${done}\n`),
}).catch((thrown: unknown) => {
  const { code, message } = thrown as { code?: string; message?: string };
  process.stdout.write(`failed: ${code ?? String(thrown)} ${message ?? ""}\n`);
  process.exitCode = 1;
});
