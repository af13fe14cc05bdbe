// Waits to be interrupted; the first signal is answered by "saving", and by an end only where "finish" is asked for.
import { onInterrupt } from "../../src/platform/signals.ts";

const interrupt = onInterrupt(
  (signal) => process.stdout.write(`saving after ${signal}\n`),
  () => process.stdout.write("leaving\n"),
);
const busy = setInterval(() => undefined, 1000);
interrupt.signal.addEventListener("abort", () => {
  if (process.argv[2] !== "finish") return;
  clearInterval(busy);
  interrupt.dispose();
  process.exitCode = interrupt.exitCode() ?? 0;
});
process.stdout.write("ready\n");
