import { Option, type Command } from "commander";
import { LimbeckError } from "../errors.ts";
import type { QueueOptions } from "../fleet/label-on-queue.ts";
import { parseCount, prefixOption, queueOption, readQueueAddress } from "./queue-options.ts";

/** What `limbeck label` takes beyond what every stage does. */
export interface LabelOptions {
  queue?: string;
  shardTexts?: number;
  redisPrefix?: string;
  stdin?: boolean;
  stdout?: boolean;
  onError?: "stop" | "skip";
  top?: number;
  threads?: number;
}

const EXAMPLES = `
Examples:
  npx limbeck label recipe.yaml                                      on this machine
  npx limbeck label recipe.yaml --queue redis://10.0.0.5             by workers: limbeck worker --queue redis://10.0.0.5
  zcat texts.jsonl.gz | npx limbeck label recipe.yaml --stdin --stdout | gzip > logits.jsonl.gz
  echo '{"id": 7, "text": "my card was swallowed"}' | npx limbeck label recipe.yaml --stdin --stdout --top 3

With --stdin --stdout lines of JSON {"text": …, "id": …} come in and {"id": …, "logits": […]} go out, in the same order;
nothing is kept. Label the run first: then any number of processes read the same teacher from its label store.`;

/** Adds the options to `limbeck label`. */
export function addLabelOptions(command: Command): Command {
  return command
    .addOption(queueOption())
    .option(
      "--shard-texts <n>",
      "most texts per job of the queue (default: 2048; 128 where they cost money)",
      parseCount,
    )
    .addOption(prefixOption())
    .option("--stdin", "label lines of JSON from standard input instead of the recipe's texts")
    .option("--stdout", "write logits as lines of JSON to standard output")
    .addOption(
      new Option(
        "--on-error <what>",
        "with --stdin, for a line that cannot be labelled: stop, or skip and say so in its place",
      )
        .choices(["stop", "skip"])
        .default("stop"),
    )
    .option("--top <n>", "with --stdout: the likeliest classes instead of the logits", parseCount)
    .option("--threads <n>", "with --stdin: threads of an encoder", parseCount)
    .addHelpText("after", EXAMPLES);
}

/** The queue that is asked for, if any. @throws LimbeckError `E_USAGE` for options that do not go together. */
export function queueOf(options: LabelOptions): QueueOptions | undefined {
  if (options.queue === undefined) {
    if (options.shardTexts === undefined) return undefined;
    throw new LimbeckError(
      "E_USAGE",
      "Expected --queue beside --shard-texts, got none. Add --queue redis://host.",
    );
  }
  return {
    address: readQueueAddress(options.queue),
    ...(options.redisPrefix === undefined ? {} : { prefix: options.redisPrefix }),
    ...(options.shardTexts === undefined ? {} : { shardTexts: options.shardTexts }),
  };
}

/** Whether texts stream through. @throws LimbeckError `E_USAGE` for half of it, or what does not go with it. */
export function isStream(options: LabelOptions & { json?: boolean; from?: string }): boolean {
  const { stdin = false, stdout = false } = options;
  if (stdin !== stdout) {
    const [given, other] = stdin ? ["--stdin", "--stdout"] : ["--stdout", "--stdin"];
    throw new LimbeckError(
      "E_USAGE",
      `Expected ${given} and ${other} together, got ${given} alone. Add ${other}.`,
    );
  }
  if (!stdin) return false;
  const others = { "--queue": options.queue, "--json": options.json, "--from": options.from };
  const clash = Object.entries(others).find(([, value]) => value !== undefined);
  if (clash === undefined) return true;
  throw new LimbeckError(
    "E_USAGE",
    `Expected --stdin --stdout without ${clash[0]}, got both. Leave one out.`,
  );
}
