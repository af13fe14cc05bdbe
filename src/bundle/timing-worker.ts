import { loadLinear } from "../controls/linear.ts";
import { LimbeckError } from "../errors.ts";
import { resolveRecipePath } from "../platform/resolve.ts";
import { teachers } from "../registry.ts";
import { openBundle } from "./open.ts";
import type { TeacherToTime, TimedJob, TimingReply, TimingRequest } from "./speed.ts";
import { timeSystems, type TimedSystem } from "./timing.ts";

async function openTeacher(teacher: TeacherToTime): Promise<Pick<TimedSystem, "classify">> {
  const load = Object.hasOwn(teachers, teacher.kind) ? teachers[teacher.kind] : undefined;
  if (load === undefined)
    throw new LimbeckError("E_TEACHER", `Expected a teacher of a known kind, got ${teacher.kind}.`);
  const { options, recipeFolder, labelsFolder, digest } = teacher;
  const kind = await load();
  return await kind.openForTiming(options, {
    resolve: (path) => resolveRecipePath(path, recipeFolder),
    labelsFolder,
    digest,
  });
}

async function openJob(job: TimedJob): Promise<TimedSystem> {
  const { name } = job;
  if (job.kind === "teacher") {
    const teacher = await openTeacher(job.teacher);
    return { name, classify: (texts) => teacher.classify(texts) };
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
    for (const job of jobs) systems.push(await openJob(job));
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
