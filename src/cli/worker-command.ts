import { resolve } from "node:path";
import { Command } from "commander";
import { showQueueAddress } from "../fleet/queue-address.ts";
import type { WorkOptions, WorkResult } from "../fleet/work.ts";
import { onInterrupt } from "../platform/signals.ts";
import { downloadOption } from "./recipe-options.ts";
import { createReporter } from "./create-reporter.ts";
import { Stopped } from "./failure.ts";
import { parseCount, prefixOption, queueOption, readQueueAddress } from "./queue-options.ts";
import { formatDuration } from "./time-left.ts";

interface WorkerOptions {
  queue: string;
  redisPrefix: string;
  labels: string;
  recipeFolder?: string;
  threads?: number;
  lease: number;
  download?: boolean;
  once?: boolean;
  quiet?: boolean;
}

const EXAMPLES = `
Examples:
  npx limbeck label recipe.yaml --queue redis://10.0.0.5       the producer, on one machine
  npx limbeck worker --queue redis://10.0.0.5                  on every machine that shall label
  npx limbeck worker --queue redis://10.0.0.5 --labels /mnt/shared/.limbeck/labels --once

Producer and workers share one folder, that of the label store. Relative paths in the recipe, such as the model's, are
looked for where they are on the producer, then in this working directory, then in the package; a model that lies
elsewhere here is found with --recipe-folder. Ctrl-C finishes the shard in hand; a worker that is killed loses its
shard to another one. Keys of paid teachers are read from this machine's environment.`;

const EVERY_MS = 10_000;
const count = (value: number) => Math.round(value).toLocaleString("en-US");

/** A line every ten seconds: how many shards and texts, how fast. */
function createTally(say: (line: string) => void): WorkOptions["progress"] {
  let [shards, texts, busy, printed] = [0, 0, 0, performance.now()];
  return (shard) => {
    shards += 1;
    texts += shard.labelled;
    busy += shard.seconds;
    if (performance.now() - printed < EVERY_MS) return;
    printed = performance.now();
    say(`${count(shards)} shards, ${count(texts)} texts, ${count(texts / busy)} texts/s`);
  };
}

async function runWorker(options: WorkerOptions): Promise<void> {
  const address = readQueueAddress(options.queue);
  const { work } = await import("../fleet/work.ts");
  const { availableParallelism } = await import("node:os");
  const reporter = createReporter({ quiet: options.quiet });
  const interrupt = onInterrupt(() => {
    reporter.say(
      "Stopping after the shard in hand. Ctrl-C again leaves at once: another worker gets it.",
    );
  });
  const say = (line: string): void => {
    if (options.quiet !== true) reporter.say(line);
  };
  const started = performance.now();
  let result: WorkResult;
  try {
    say(
      `waiting for shards from ${showQueueAddress(address)}, labels go to ${resolve(options.labels)}`,
    );
    result = await work({
      address,
      prefix: options.redisPrefix,
      labelsFolder: resolve(options.labels),
      recipeFolder: options.recipeFolder === undefined ? null : resolve(options.recipeFolder),
      download: options.download ?? false,
      workers: options.threads ?? availableParallelism(),
      leaseMs: options.lease * 1000,
      once: options.once ?? false,
      // Ctrl-C ends the taking of jobs, not the labelling of the one in hand.
      stop: interrupt.signal,
      signal: new AbortController().signal,
      report: reporter.report,
      progress: createTally(say),
    });
  } finally {
    reporter.stop();
    interrupt.dispose();
  }
  const seconds = (performance.now() - started) / 1000;
  const { shards, texts } = result;
  say(`${count(texts)} texts of ${count(shards)} shards labelled in ${formatDuration(seconds)}`);
  const exitCode = interrupt.exitCode();
  if (exitCode !== null) throw new Stopped(new Error("Stopped."), exitCode);
}

/** `limbeck worker --queue redis://…`: labels shards that `limbeck label --queue` hands out. */
export function createWorkerCommand(): Command {
  return new Command("worker")
    .summary("label shards from a queue, for `limbeck label --queue` on this or another machine")
    .description(
      "Take shards of texts from a queue, label them with the producer's teacher and commit the labels to the shared " +
        "label store. Any number of workers on any number of machines.",
    )
    .addOption(queueOption().makeOptionMandatory())
    .option(
      "--labels <folder>",
      "the producer's label store, as this machine sees it",
      ".limbeck/labels",
    )
    .option(
      "--recipe-folder <folder>",
      "where the recipe's relative paths start from on this machine",
    )
    .option(
      "--threads <n>",
      "threads of an encoder (default: as many as there are cores)",
      parseCount,
    )
    .option("--once", "end when no shard is left")
    .option(
      "--lease <seconds>",
      "after how long without a sign of life a shard goes to another worker",
      parseCount,
      30,
    )
    .addOption(downloadOption())
    .addOption(prefixOption())
    .option("--quiet", "say nothing")
    .addHelpText("after", EXAMPLES)
    .action(runWorker);
}
