import type { TrainedRun } from "../types.ts";
import { exportedRun } from "./exported-seed.ts";
import type { SystemScores } from "./scores.ts";

/** A row of every table: the teacher, or the runs of one variant. */
export interface System extends Pick<
  SystemScores,
  "name" | "role" | "kind" | "variant" | "targets" | "exportedSeed"
> {
  /** Ascending by seed; empty for the teacher, whose logits lie in the label store. */
  runs: readonly TrainedRun[];
}

const LAST = ["linear-labels", "linear-teacher", "majority"];

/**
 * All systems in the order in which reports show them: the teacher; each student of the recipe and its hard-label
 * control; linear-labels, linear-teacher, majority.
 */
export function listSystems(
  teacherKind: string,
  runs: readonly TrainedRun[],
  students: readonly string[],
): System[] {
  const variants = groupRuns(runs);
  const order = [...students.flatMap((name) => [name, hardLabelName(name)]), ...LAST];
  const names = [
    ...order.filter((name) => variants.has(name)),
    ...[...variants.keys()].filter((name) => !order.includes(name)),
  ];
  return [
    {
      name: "teacher",
      role: "teacher",
      kind: teacherKind,
      variant: "teacher",
      targets: "gold",
      exportedSeed: 0,
      runs: [],
    },
    ...names.map((name) => describeVariant(name, variants.get(name)!, students)),
  ];
}

/** Name of a student's control that learns from the hard labels alone. */
export function hardLabelName(student: string): string {
  return `${student}-hard-label`;
}

function describeVariant(
  name: string,
  runs: readonly TrainedRun[],
  students: readonly string[],
): System {
  const sorted = runs.toSorted((a, b) => a.seed - b.seed);
  const chosen = exportedRun(sorted);
  return {
    name,
    role: chosen.role,
    kind: chosen.kind,
    variant: students.find((student) => hardLabelName(student) === name) ?? name,
    targets: chosen.targets,
    exportedSeed: chosen.seed,
    runs: sorted,
  };
}

function groupRuns(runs: readonly TrainedRun[]): Map<string, TrainedRun[]> {
  const groups = new Map<string, TrainedRun[]>();
  for (const run of runs) groups.set(run.variant, [...(groups.get(run.variant) ?? []), run]);
  return groups;
}
