import { createReadStream, statSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { LimbeckError } from "../errors.ts";
import { describeTerminal } from "../platform/terminal.ts";
import { readLines } from "./lines.ts";
import { likeliest, roundProbability, takeAvailable, type Prediction } from "./predictions.ts";
import { createStyle } from "./style.ts";
import { formatShare, formatTable } from "./table.ts";

interface PredictOptions {
  json?: boolean;
  top: number;
  threads: number;
}

/** What is to be classified: one text, or the lines of a file or pipe. */
type Input = { text: string } | { lines: AsyncIterable<string> };

function statOf(path: string): ReturnType<typeof statSync> | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a text that is too long for a file's name, or holds a character that none can
  }
}

function openInput(argument: string | undefined): Input {
  if (argument === "-" || (argument === undefined && !process.stdin.isTTY))
    return { lines: readLines(process.stdin) };
  if (argument === undefined) {
    throw new LimbeckError(
      "E_USAGE",
      'Expected a text, a file or a pipe, got none. For example: npx limbeck predict BUNDLE "a text"',
    );
  }
  const found = statOf(argument);
  if (found?.isFile() === true) return { lines: readLines(createReadStream(argument)) };
  if (found?.isDirectory() === true) {
    throw new LimbeckError(
      "E_DATA",
      `${argument}: Expected a file with one text a line, got a folder. Name a file.`,
    );
  }
  if (/^\S+\.(txt|csv|tsv|jsonl|md|log)$/i.test(argument)) {
    throw new LimbeckError(
      "E_DATA",
      `${argument}: Expected a file with one text a line, got no such file. Mend the path; to classify these very ` +
        "words, pipe them in.",
    );
  }
  return { text: argument };
}

function asJson(
  text: string,
  prediction: Prediction,
  labels: readonly string[],
  count: number,
): string {
  const top = likeliest(prediction, labels, count).map(({ label, probability }) => ({
    label,
    probability: roundProbability(probability),
  }));
  const { label, probability } = prediction;
  return JSON.stringify({ text, label, probability: roundProbability(probability), top });
}

function showOne(prediction: Prediction, labels: readonly string[], top: number): string {
  const style = createStyle(describeTerminal(process.stdout).colours);
  const rows = likeliest(prediction, labels, top).map(({ label, probability }) => [
    label,
    formatShare(probability),
  ]);
  const [first = "", ...others] = formatTable(rows);
  return [style.bold(first), ...others.map(style.dim)].join("\n");
}

async function predict(
  folder: string,
  argument: string | undefined,
  options: PredictOptions,
): Promise<void> {
  const input = openInput(argument);
  const { openBundle } = await import("../bundle/open.ts");
  const bundle = await openBundle(folder, { threads: options.threads });
  const several = "lines" in input;
  const show = (text: string, prediction: Prediction): string => {
    if (options.json === true) return asJson(text, prediction, bundle.labels, options.top);
    if (!several) return showOne(prediction, bundle.labels, options.top);
    return `${prediction.label}\t${prediction.probability.toFixed(4)}\t${text}`;
  };
  try {
    for await (const texts of several ? takeAvailable(input.lines, 32) : [[input.text]]) {
      const predictions = await bundle.classify(texts);
      const lines = predictions.map((prediction, index) => show(texts[index] ?? "", prediction));
      process.stdout.write(`${lines.join("\n")}\n`);
    }
  } finally {
    await bundle.close();
  }
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError("Expected a whole number, 1 or more.");
}

/** `limbeck predict BUNDLE [TEXT|FILE|-]`. */
export function createPredictCommand(): Command {
  return new Command("predict")
    .summary("classify a text, a file or a pipe with an exported bundle")
    .description(
      "Classify with an exported bundle. One text prints the likeliest labels with their probabilities; " +
        "a file or a pipe prints a line per line: label, probability and text, with tabs between.",
    )
    .argument("<bundle>", "folder that export wrote, such as runs/quickstart/export/bilstm")
    .argument("[text]", "a text, a file with one text a line, or - for standard input")
    .option("--json", "one JSON object a line")
    .option("--top <n>", "labels to show for a text", parseCount, 3)
    .option("--threads <n>", "threads to compute with", parseCount, 1)
    .action(predict);
}
