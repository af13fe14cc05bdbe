import { loadLinear } from "../controls/linear.ts";
import { LimbeckError } from "../errors.ts";
import { findKind } from "../labelling/find-kind.ts";
import { teacherPlace } from "../labelling/place.ts";
import type { TimedTeacher } from "../types.ts";
import { openBundle } from "./open.ts";
import type { TeacherToTime, TimedJob, TimingReply, TimingRequest } from "./speed.ts";
import { timeSystems, type TimedSystem } from "./timing.ts";

async function openTeacher(teacher: TeacherToTime): Promise<TimedTeacher | null> {
  const { entry, recipeFolder, labelsFolder, digest } = teacher;
  const { kind, options } = await findKind(entry, recipeFolder);
  // It has labelled: its model is there.
  const place = teacherPlace({ recipeFolder, labelsFolder, download: false });
  return await kind.openForTiming(options, { ...place, labelsFolder, digest });
}

/** Null for a teacher that does not run on this machine. */
async function openJob(job: TimedJob): Promise<TimedSystem | null> {
  const { name } = job;
  if (job.kind === "teacher") {
    const teacher = await openTeacher(job.teacher);
    return teacher && { name, classify: (texts) => teacher.classify(texts) };
  }
  if (job.kind === "linear") {
    const model = await loadLinear(job.folder);
    return { name, classify: (texts) => Promise.resolve(model.logits(texts)) };
  }
  const bundle = await openBundle(job.folder, { threads: 1 });
  return { name, classify: (texts) => bundle.classify(texts) };
}

async function answer({ jobs, ...options }: TimingRequest): Promise<TimingReply> {
  try {
    const systems: TimedSystem[] = [];
    for (const job of jobs) {
      const system = await openJob(job);
      if (system) systems.push(system);
    }
    return { kind: "done", timings: [...(await timeSystems({ systems, ...options }))] };
  } catch (thrown) {
    const known = thrown instanceof LimbeckError;
    const message =
      thrown instanceof Error
        ? known
          ? thrown.message
          : (thrown.stack ?? thrown.message)
        : String(thrown);
    return { kind: "failed", code: known ? thrown.code : null, message };
  }
}

// The parent ends this process, also when Ctrl-C reaches the whole group: it alone says how to go on.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit(1));
process.once("message", (request) => {
  void answer(request as TimingRequest).then((reply) => process.send?.(reply));
});
