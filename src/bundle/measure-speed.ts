import { describeEnvironment } from "../platform/environment.ts";
import type { LabelDetails, Report, TrainDetails } from "../types.ts";
import { timedLinear, timedStudent, timedTeacher } from "./describe-systems.ts";
import type { Draft } from "./draft.ts";
import type { SpeedFile, TeacherToTime } from "./speed.ts";
import { timeInProcess } from "./time-in-process.ts";
import { chooseTimedTexts } from "./timing.ts";

/** Texts that every system answers: enough for a 95th percentile, and seconds of work. */
const TEXTS = 320;
const BATCH = 32;
const WARM_UP = 40;

export interface SpeedOptions {
  teacher: { details: LabelDetails["teacher"]; open: TeacherToTime };
  drafts: readonly Draft[];
  /** All runs; the linear controls among them are timed too. */
  runs: TrainDetails["runs"];
  /** `train/` of the run's folder. */
  trainFolder: string;
  /** Texts to choose from. */
  texts: readonly string[];
  signal: AbortSignal;
  report: Report;
}

/**
 * Measures the teacher, the exported students and the linear controls side by side on one thread, in a process of its
 * own.
 *
 * @throws see `timeInProcess`
 */
export async function measureSpeed(options: SpeedOptions): Promise<SpeedFile> {
  const { teacher, drafts, runs, trainFolder, signal, report } = options;
  const linear = runs.filter(({ kind }) => kind === "linear");
  const systems = [
    timedTeacher(teacher.details, teacher.open),
    ...drafts.map(timedStudent),
    ...(await Promise.all(linear.map((run) => timedLinear(run, trainFolder)))),
  ];
  const texts = chooseTimedTexts(options.texts, TEXTS);
  const names = systems.map(({ row }) => row.name).join(", ");
  const message = `timing ${names} on ${texts.length} texts, one thread, tokenization included`;
  report({ kind: "note", stage: "export", message });
  const jobs = systems.map(({ job }) => job);
  const timings = await timeInProcess({ jobs, texts, batchSize: BATCH, warmUp: WARM_UP }, signal);
  return {
    schema: "limbeck.speed/1",
    environment: describeEnvironment(),
    texts: texts.length,
    // A teacher that does not run on this machine was not timed.
    systems: systems.flatMap(({ row }) => {
      const timing = timings.get(row.name);
      return timing === undefined ? [] : [{ ...row, ...timing }];
    }),
  };
}
