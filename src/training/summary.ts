import type { TrainedRun } from "../types.ts";

/**
 * One line on what was trained, e.g. `9 runs: bilstm 3 seeds × 3,140 steps (agreement 90.8 % on held-out texts), …`.
 *
 * @param against - what the validation score is held to
 */
export function summarizeRuns(
  runs: readonly TrainedRun[],
  against: "teacher" | "gold" | null,
): string {
  const variants = [...new Set(runs.map(({ variant }) => variant))];
  const parts = variants.map((variant) =>
    summarizeVariant(
      variant,
      runs.filter((run) => run.variant === variant),
      against,
    ),
  );
  return `${runs.length} runs: ${parts.join(", ")}`;
}

function summarizeVariant(
  variant: string,
  runs: readonly TrainedRun[],
  against: "teacher" | "gold" | null,
): string {
  const steps = runs.map((run) => run.steps);
  if (runs.every(({ kind }) => kind === "linear" || kind === "majority")) return variant;
  const [least, most] = [Math.min(...steps), Math.max(...steps)].map((count) =>
    count.toLocaleString("en-US"),
  );
  const seeds = runs.length === 1 ? "1 seed" : `${runs.length} seeds`;
  const scores = runs.flatMap((run) => (run.validationScore === null ? [] : [run.validationScore]));
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const measure = against === "gold" ? "accuracy" : "agreement";
  const score =
    scores.length === 0 ? "" : ` (${measure} ${(100 * mean).toFixed(1)} % on held-out texts)`;
  return `${variant} ${seeds} × ${least === most ? least : `${least}–${most}`} steps${score}`;
}
