import { createInterface } from "node:readline";
import type { SideRequest, Timing } from "./protocol.ts";

/** Answers each line of JSON on standard input with one on standard output, one after the other. */
export async function answerLines(
  answer: (request: SideRequest) => Promise<object>,
): Promise<void> {
  for await (const line of createInterface(process.stdin)) {
    const reply = await answer(JSON.parse(line) as SideRequest).catch((thrown: unknown) => ({
      error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    }));
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}

/** Takes the time of the wall and of the process's threads. */
export async function timed(work: () => Promise<number[]>): Promise<Timing> {
  const processor = process.cpuUsage();
  const started = performance.now();
  const losses = await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(processor);
  return { seconds, cpuSeconds: (user + system) / 1e6, steps: losses.length, losses };
}
