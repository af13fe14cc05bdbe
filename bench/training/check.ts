import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Mode, OpenPeer, Timing } from "./protocol.ts";
import type { Side } from "./side.ts";
import { everyRowTexts, writeTexts } from "./texts.ts";
import type { StepWork } from "./works.ts";

/** Rows of the table that the check's texts use. */
const ROWS = 64;
const STEPS = 5;
/** Relative, for losses; for a tensor's gradient relative to its largest element. */
const TOLERANCE = { loss: 1e-4, gradient: 1e-3 };

export interface CheckResult {
  /** Largest relative differences. */
  loss: number;
  gradient: number;
}

/**
 * Whether both sides compute the same thing: the gradients of one batch, and the losses of the first five updates, from
 * the same weights.
 *
 * The updates are not the same in general: ours leaves the rows of the table that a batch does not touch alone, while
 * dense AdamW lets them decay and move on by their old moments. So the check's texts use 64 rows of the table and every
 * batch holds all of them, and weight decay is off: then a row is either touched in each step, where both updates are
 * the same formula, or in none, where its gradient and moments are zero and dense AdamW leaves it too.
 *
 * @throws Error naming what differs.
 */
export async function checkSameWork(
  { model, batch, length, title }: Pick<StepWork, "model" | "batch" | "length" | "title">,
  sides: { ours: Side; peer: Side; mode: Mode; threads: number },
  folder: string,
): Promise<CheckResult> {
  const { ours, peer, mode, threads } = sides;
  const id = "check";
  const texts = join(folder, "check");
  const paths = { weights: join(texts, "weights"), gradients: join(texts, "gradients") };
  const sizes = { texts: STEPS * batch, batch, length, classes: model.classes, vocabulary: ROWS };
  await writeTexts(texts, everyRowTexts(sizes));
  const common = { do: "open", id, model, batch, length, texts, weightDecay: 0 } as const;
  await ours.ask({ ...common, mode });
  await ours.ask({ do: "save", id, path: paths.weights });
  const open: OpenPeer = { ...common, optimizer: "fused", threads, weights: paths.weights };
  await peer.ask(open);
  await ours.ask({ do: "gradients", id, path: paths.gradients });
  const compared = await peer.ask<{ difference: number; tensor: string }>({
    do: "gradients",
    id,
    path: paths.gradients,
  });
  const mine = await ours.ask<Timing>({ do: "steps", id, count: STEPS });
  const theirs = await peer.ask<Timing>({ do: "steps", id, count: STEPS });
  await Promise.all([ours.ask({ do: "close", id }), peer.ask({ do: "close", id })]);
  await rm(texts, { recursive: true });
  const result = {
    loss: largestDifference(mine.losses, theirs.losses),
    gradient: compared.difference,
  };
  if (!(result.gradient <= TOLERANCE.gradient))
    throw new Error(`${title}: the gradient of ${compared.tensor} differs by ${result.gradient}.`);
  if (!(result.loss <= TOLERANCE.loss))
    throw new Error(`${title}: losses differ: ${mine.losses.join()} and ${theirs.losses.join()}.`);
  return result;
}

/** The largest relative difference of two lists of numbers. */
export function largestDifference(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length) return Infinity;
  return Math.max(
    ...ours.map((value, at) => Math.abs(value - theirs[at]!) / Math.abs(theirs[at]!)),
  );
}
