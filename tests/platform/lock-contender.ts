// A process that wants a folder: says what came of it on standard output, then holds the lock until it is killed.
import { existsSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { acquireLock } from "../../src/platform/lock.ts";

const [folder = "", gate] = process.argv.slice(2);
process.stdout.write("ready\n");
if (gate !== undefined) while (!existsSync(gate)) await wait(1);
try {
  await acquireLock(folder, "contending");
  process.stdout.write("won\n");
  setInterval(() => undefined, 1000);
} catch (thrown) {
  process.stdout.write(`${(thrown as { code?: string }).code ?? String(thrown)}\n`);
}
