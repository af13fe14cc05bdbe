// Reads all logits of a store and prints how long it took and the most memory that this process had:
// node --import tsx label-reading-process.ts STORE TEXTS
import { readLogits } from "../src/labels/read-logits.ts";
import { CLASSES, idOf, logitOf } from "./label-reading-texts.ts";

const [root, count] = process.argv.slice(2) as [string, string];
const texts = Number(count);
const ids = Array.from({ length: texts }, (_, text) => idOf(text));
const started = performance.now();
const logits = await readLogits(root, ids);
const seconds = (performance.now() - started) / 1000;
for (let text = 0; text < texts; text += 997)
  for (let label = 0; label < CLASSES; label += 1)
    if (logits[text * CLASSES + label] !== logitOf(text, label))
      throw new Error(`text ${text} has another text's logits`);
const megabytes = process.resourceUsage().maxRSS / 1000; // Linux and macOS give kilobytes
console.log(JSON.stringify({ seconds, megabytes }));
