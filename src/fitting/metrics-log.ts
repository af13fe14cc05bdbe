import { mkdir, open, stat, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { explainFileError } from "../platform/files.ts";
import type { StepReport } from "./steps.ts";
import type { ValidationScore } from "./validation.ts";

/** One line of metrics.jsonl. */
export interface MetricsLine {
  /** Updates made. */
  step: number;
  /** From 1. */
  epoch: number;
  /** Of this batch, in nats, with dropout. */
  loss: number;
  /** The loss's parts before their weights. */
  terms: Record<string, number>;
  learningRate: number;
  /** Global L2 norm before clipping. */
  gradientNorm: number;
  /** Since the line before. */
  textsPerSecond: number;
  /** At the end of an epoch: on the held-out texts, without dropout. */
  validation?: ValidationScore;
}

/** Lines per run, about: long runs leave steps out, never the end of an epoch. */
const LINES = 2000;

/**
 * Appends to a run's metrics.jsonl. Lines are kept in memory until `flush`, so that the file never runs ahead of the
 * checkpoint by more than what `openMetricsLog` cuts off again.
 */
export class MetricsLog {
  private readonly path: string;
  private readonly every: number;
  private pending: string[] = [];
  private texts = 0;
  private since = performance.now();

  constructor(path: string, steps: number) {
    this.path = path;
    this.every = Math.ceil(steps / LINES);
  }

  /**
   * Notes an update; steps between lines count towards texts per second only.
   *
   * @param at - when the update ended, before validation: `performance.now()`
   */
  add(report: StepReport, validation: ValidationScore | null, at: number): void {
    this.texts += report.texts;
    if (report.step % this.every !== 0 && !report.epochEnd) return;
    const line: MetricsLine = {
      step: report.step,
      epoch: report.epoch + 1,
      loss: report.loss,
      terms: report.terms,
      learningRate: report.learningRate,
      gradientNorm: report.gradientNorm,
      textsPerSecond: Math.round((1000 * this.texts) / Math.max(at - this.since, 1e-3)),
      ...(validation && { validation }),
    };
    this.pending.push(`${JSON.stringify(line)}\n`);
    [this.texts, this.since] = [0, performance.now()];
  }

  /** Appends what is pending and makes it durable. @returns the file's bytes. */
  async flush(): Promise<number> {
    try {
      const handle = await open(this.path, "a");
      try {
        await handle.writeFile(this.pending.join(""));
        this.pending = [];
        await handle.sync();
        return (await handle.stat()).size;
      } finally {
        await handle.close();
      }
    } catch (thrown) {
      throw explainFileError(thrown, this.path);
    }
  }
}

/**
 * Opens metrics.jsonl for a run that starts (`bytes` 0) or goes on: lines after the checkpoint are cut off, since their
 * steps will be made again.
 */
export async function openMetricsLog(
  path: string,
  { bytes, steps }: { bytes: number; steps: number },
): Promise<MetricsLog> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size > bytes) await truncate(path, bytes);
  } catch (thrown) {
    throw explainFileError(thrown, path);
  }
  return new MetricsLog(path, steps);
}
