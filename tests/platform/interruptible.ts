// Waits to be interrupted; the first signal is answered by "saving", and by an end where "finish" is asked for; "linger"
// stops listening but stays, as a process does that still closes its files.
import { onInterrupt } from "../../src/platform/signals.ts";

const interrupt = onInterrupt(
  (signal) => process.stdout.write(`saving after ${signal}\n`),
  () => process.stdout.write("leaving\n"),
);
const busy = setInterval(() => undefined, 1000);
interrupt.signal.addEventListener("abort", () => {
  if (process.argv[2] === "linger") interrupt.dispose();
  if (process.argv[2] !== "finish") return;
  clearInterval(busy);
  interrupt.dispose();
  process.exitCode = interrupt.exitCode() ?? 0;
});
process.stdout.write("ready\n");
