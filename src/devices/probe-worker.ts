import type { ProbeRun } from "../engine/devices/probe.ts";
import { probe } from "../engine/devices/probe.ts";
import type { Device } from "../engine/types.ts";
import { messageOf } from "../errors.ts";
import type { WorkerMessage } from "../platform/worker.ts";

async function main(): Promise<void> {
  let message: WorkerMessage<ProbeRun>;
  try {
    message = { result: await probe(process.argv[2] as Device) };
  } catch (thrown) {
    message = { problem: messageOf(thrown) };
  }
  // Some drivers hang when they are let go: the message is all that is wanted.
  process.send?.(message, () => {
    process.exit();
  });
}

await main();
