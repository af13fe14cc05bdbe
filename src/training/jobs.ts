import type { Device, OptimizerOptions } from "../engine/types.ts";
import type { TrainedRun } from "../types.ts";
import type { HardLabelChoice } from "./hard-label.ts";
import type { RatePlan } from "../fitting/learning-rate.ts";
import type { LossChoice } from "./program.ts";

/** What a worker needs to build a student: plain values only, since it crosses a process boundary. */
export interface StudentJob {
  /** Name in students/. */
  kind: string;
  /** The kind's own options, parsed. */
  options: unknown;
  embedding: { size: number; init: "teacher" | "random" };
  /** `train/vocabulary`, absolute. */
  vocabulary: string;
  maxLength: number;
  loss: LossChoice;
  optimizer: OptimizerOptions;
  clipNorm: number;
  /** Parts of each batch: the result depends on their number. */
  shards: number;
  device: Device;
}

/** Where the texts lie, as `writeSet` left them. */
export interface SetsJob {
  set: string;
  validation: { set: string; against: "teacher" | "gold"; temperature: number } | null;
}

/** How long and how fast. */
export interface PlanJob extends RatePlan {
  /** Texts per batch. */
  batch: number;
  /** Batches per update. */
  accumulate: number;
  patience: number;
}

/** A run as it will be listed, without what only its end tells. */
export type RunHeader = Pick<
  TrainedRun,
  "variant" | "role" | "kind" | "seed" | "targets" | "folder" | "options"
>;

interface JobBase {
  /** Absolute folder of the result. */
  folder: string;
  /** Of everything that the result depends on. */
  digest: string;
  seed: number;
}

interface StudentJobBase extends JobBase {
  student: StudentJob;
  sets: SetsJob;
  plan: PlanJob;
  /** Threads that work on shards at the same time, at most: they change no weight. */
  shardThreads: number;
  /** What a step costs beside other jobs'. */
  stepCost: number;
}

/** Trains one student and leaves weights and run manifest. */
export interface NeuralJob extends StudentJobBase {
  kind: "neural";
  header: RunHeader;
}

/** Chooses the hard-label control's learning rate and steps; leaves choice.json. */
export interface ChoiceJob extends StudentJobBase {
  kind: "choice";
}

/** Trains a linear control on gold labels, or on the teacher's argmax for every text. */
export interface LinearJob extends JobBase {
  kind: "linear";
  header: RunHeader;
  /** The set of all training texts; its targets. */
  set: string;
  /** Its texts, in the order of its rows: one JSON string per line. */
  texts: string;
}

export type Job = NeuralJob | ChoiceJob | LinearJob;

/** How a job is told to stop, and tells how far it is. */
export interface JobControl {
  signal: AbortSignal;
  /** After each step, with its loss. */
  onStep: (step: number, loss: number) => void;
}

export interface JobResults {
  neural: TrainedRun;
  choice: HardLabelChoice;
  linear: TrainedRun;
}

/** From the parent to a worker. */
export type WorkerRequest = { kind: "job"; job: Job } | { kind: "stop" };

/** From a worker to its parent. */
export type WorkerReply =
  | { kind: "progress"; step: number; loss: number }
  | { kind: "done"; result: JobResults[keyof JobResults] }
  | { kind: "failed"; code: string | null; message: string; stack: string };
