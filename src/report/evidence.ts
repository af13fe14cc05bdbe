import type { Interval } from "../evaluation/percentile.ts";
import type { Finding, LimbeckReport, ReportComparison, ReportSystem } from "./schema.ts";

/** A report on which no judgement has been passed yet. */
export type Evidence = Omit<LimbeckReport, "verdict">;

/** What is known of the student that a verdict is about. */
export interface StudentEvidence {
  evidence: Evidence;
  student: ReportSystem;
  comparison: ReportComparison;
  findings: readonly Finding[];
}

/** Student minus another system in accuracy, or null where there is no such system. */
export function differenceTo(comparison: ReportComparison, other: string | null): Interval | null {
  return other === null ? null : (comparison.differences[other]?.accuracy ?? null);
}

/** The linear control that comes nearest to the student or furthest ahead of it, or null where there is none. */
export function linearRival(
  comparison: ReportComparison,
): { name: "linear-teacher" | "linear-labels"; difference: Interval } | null {
  const rivals = (["linear-teacher", "linear-labels"] as const).flatMap((name) => {
    const difference = differenceTo(comparison, name);
    return difference === null ? [] : [{ name, difference }];
  });
  return rivals.toSorted((a, b) => a.difference.value - b.difference.value)[0] ?? null;
}

/** A system by its name. */
export function findSystem({ systems }: Evidence, name: string | null): ReportSystem | null {
  return systems.find((system) => system.name === name) ?? null;
}

/** Bytes of what would be shipped: the exported file, or where there is none the system's files. */
export function shippedBytes({ size }: ReportSystem): number | null {
  return size?.bytes.onnx ?? size?.bytes.files ?? null;
}
