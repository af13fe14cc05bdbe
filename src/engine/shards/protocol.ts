import type { TrainingPlan } from "../program/training-plan.ts";
import type { Batch } from "../types.ts";

/** What a thread is started with. */
export interface ThreadData {
  plan: TrainingPlan;
  /** Inside one operator. */
  threads: number;
}

/** One part of a batch. Its large arrays are shared: they are read and written where they are. */
export interface ShardTask {
  shard: number;
  /** What its loss and gradients count: its share of the batch's texts. */
  weight: number;
  batch: Batch;
  /** In: gathered rows of the embedding table, `[B, L, size]`. */
  rows: Float32Array | null;
  /** Out: weighted gradients of the parameters, as laid out by `layOut`. */
  gradients: Float32Array;
  /** Out: weighted gradients of `rows`. */
  embedded: Float32Array | null;
}

/** `close`: free the session and end. */
export type ThreadMessage =
  | { kind: "run"; step: number; parameters: Float32Array; tasks: readonly ShardTask[] }
  | { kind: "close" };

export type RunMessage = Extract<ThreadMessage, { kind: "run" }>;

/** What a shard says beside its gradients; not weighted. */
export interface ShardLoss {
  loss: number;
  terms: Record<string, number>;
  /** Parameters that have a gradient. */
  learned: string[];
}

/** A thread's answers: first `ready`, then one per run. */
export type ThreadAnswer =
  | { kind: "ready" }
  | { kind: "done"; losses: ShardLoss[] }
  | { kind: "failed"; code: string | undefined; message: string };
