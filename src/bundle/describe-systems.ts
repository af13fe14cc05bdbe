import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { LabelDetails, TrainedRun } from "../types.ts";
import type { Draft } from "./draft.ts";
import type { SystemSpeed, TeacherToTime, TimedJob } from "./speed.ts";
import type { Timing } from "./timing.ts";

/** A system that is timed, and what its row of `speed.json` says besides the times. */
export interface SystemToTime {
  job: TimedJob;
  row: Omit<SystemSpeed, keyof Timing>;
}

/** The teacher, as the label stage left it. */
export function timedTeacher(
  details: LabelDetails["teacher"],
  teacher: TeacherToTime,
): SystemToTime {
  return {
    job: { name: "teacher", kind: "teacher", teacher },
    row: {
      name: "teacher",
      kind: details.kind,
      runtime: "teacher",
      parameters: details.parameters,
      bytes: details.bytes === null ? {} : { files: details.bytes },
      threads: 1,
    },
  };
}

/** An exported student. */
export function timedStudent({ run, folder, bytes }: Draft): SystemToTime {
  return {
    job: { name: run.variant, kind: "bundle", folder },
    row: {
      name: run.variant,
      kind: run.kind,
      runtime: "onnxruntime-node",
      parameters: run.parameters,
      bytes: { ...bytes },
      threads: 1,
    },
  };
}

/** A linear control: a sparse product in JavaScript, and said so. */
export async function timedLinear(run: TrainedRun, trainFolder: string): Promise<SystemToTime> {
  const folder = join(trainFolder, run.folder);
  return {
    job: { name: run.variant, kind: "linear", folder },
    row: {
      name: run.variant,
      kind: run.kind,
      runtime: "javascript",
      parameters: run.parameters,
      bytes: { files: await modelBytes(folder) },
      threads: 1,
    },
  };
}

/** Bytes of a linear model: its weights and its terms. */
async function modelBytes(folder: string): Promise<number> {
  const names = await readdir(folder);
  const model = names.filter((name) => name === "weights.safetensors" || name === "model.json");
  const sizes = await Promise.all(model.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
