import type { Environment } from "../platform/environment.ts";
import type { TeacherEntry } from "../types.ts";
import type { Timing } from "./timing.ts";

/** Something to be timed, in plain values, since it crosses a process boundary. */
export type TimedJob =
  | { name: string; kind: "bundle" | "linear"; folder: string }
  | { name: string; kind: "teacher"; teacher: TeacherToTime };

export interface TeacherToTime {
  entry: TeacherEntry;
  recipeFolder: string | null;
  labelsFolder: string;
  digest: string;
}

/** To the process that measures. */
export interface TimingRequest {
  jobs: readonly TimedJob[];
  texts: readonly string[];
  batchSize: number;
  warmUp: number;
}

/** From it. */
export type TimingReply =
  | { kind: "done"; timings: [name: string, timing: Timing][] }
  | { kind: "failed"; code: string | null; message: string };

/** A row of `speed.json`. */
export interface SystemSpeed extends Timing {
  name: string;
  /** Name in students/ or teachers/, or `linear`. */
  kind: string;
  /** What ran: ONNX Runtime on the exported file, the teacher's own code, or plain JavaScript for linear models. */
  runtime: "onnxruntime-node" | "teacher" | "javascript";
  /** Null where they are not known, as of a teacher on a server. */
  parameters: number | null;
  bytes: { onnx?: number; files?: number; gzip?: number };
  threads: number;
}

/** `speed.json`: every system on one thread, tokenization included, one beside the other. */
export interface SpeedFile {
  schema: "limbeck.speed/1";
  environment: Environment;
  /** Texts that each system answered. */
  texts: number;
  systems: SystemSpeed[];
}
