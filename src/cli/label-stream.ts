import { LimbeckError } from "../errors.ts";
import { onInterrupt } from "../platform/signals.ts";
import { describeTerminal } from "../platform/terminal.ts";
import type { Report } from "../types.ts";
import { createReporter } from "./create-reporter.ts";
import { Stopped } from "./failure.ts";
import { readLines } from "./lines.ts";
import { takeAvailable } from "./predictions.ts";

export interface StreamOptions {
  set: string[];
  out?: string;
  quiet?: boolean;
  onError: "stop" | "skip";
  top?: number;
  threads?: number;
  download?: boolean;
  /** Agrees to send texts to the teacher's server: standard input is no place to ask. */
  yes?: boolean;
}

/** Lines that are labelled together: enough that sorting by length pays, few enough to stay small in memory. */
const WINDOW_LINES = 4096;

/** A reader that has seen enough ends the command; the teacher is closed first, since its threads are at work. */
function watchReader(): AbortSignal {
  const gone = new AbortController();
  process.stdout.removeAllListeners("error");
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    gone.abort(error);
  });
  return gone.signal;
}

async function write(text: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted || process.stdout.write(text)) return;
  await new Promise<void>((resolve) => {
    process.stdout.once("drain", resolve);
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}

const TELL_MS = 5000;

/** Warnings only, unless somebody watches: thousands of these may run side by side. */
function quieten(report: Report): Report {
  if (describeTerminal(process.stderr).interactive) return report;
  return (event) => {
    if (event.kind === "warning") report(event);
  };
}

/** `limbeck label RECIPE --stdin --stdout`: JSONL in, JSONL out, in the same order. */
export async function streamLabels(path: string, options: StreamOptions): Promise<void> {
  const { loadRecipe } = await import("../recipe/load.ts");
  const { recipe, folder } = await loadRecipe(path, { set: options.set });
  const { openRunTeacher } = await import("../streaming/open-run-teacher.ts");
  const { labelLines } = await import("../streaming/label-lines.ts");
  const { answerLine } = await import("../streaming/answer-line.ts");
  const reporter = createReporter({ quiet: options.quiet });
  const report = quieten(reporter.report);
  const reader = watchReader();
  const interrupt = onInterrupt(() => undefined);
  const signal = AbortSignal.any([reader, interrupt.signal]);
  try {
    const teacher = await openRunTeacher(recipe, {
      recipeFolder: folder,
      signal,
      report,
      download: options.download ?? false,
      yes: options.yes ?? false,
      ...(options.out === undefined ? {} : { out: options.out }),
      ...(options.threads === undefined ? {} : { workers: options.threads }),
    });
    const format = { labels: teacher.labels, top: options.top ?? null };
    const lines = takeAvailable(readLines(process.stdin), WINDOW_LINES);
    try {
      let done = 0;
      let told = performance.now();
      for await (const answers of labelLines({
        teacher,
        lines,
        signal,
        onError: options.onError,
      })) {
        await write(answers.map((answer) => `${answerLine(answer, format)}\n`).join(""), signal);
        done += answers.length;
        if (signal.aborted) break;
        if (performance.now() - told < TELL_MS) continue;
        told = performance.now();
        report({ kind: "note", stage: "label", message: `${done.toLocaleString("en-US")} texts` });
      }
    } finally {
      await teacher.close();
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    reporter.stop();
    interrupt.dispose();
    process.stdin.destroy();
  }
  leave(reader, interrupt.exitCode());
}

function leave(reader: AbortSignal, exitCode: number | null): void {
  if (exitCode !== null) throw new Stopped(new Error("Stopped."), exitCode);
  if (!reader.aborted) return;
  const { code, message } = reader.reason as NodeJS.ErrnoException;
  if (code === "EPIPE") return; // has seen enough
  throw new LimbeckError(
    "E_DISK",
    `Cannot write to standard output: ${message}. Make room, and give the command again.`,
  );
}
