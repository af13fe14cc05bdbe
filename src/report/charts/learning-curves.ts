import * as format from "../format.ts";
import type { LimbeckReport } from "../schema.ts";
import { AXIS, COLOURS, drawChart, type Size } from "./draw.ts";

type Curve = LimbeckReport["training"]["curves"][number];

/** How the lines of the first, the second and every further student are drawn. */
export const STROKES = ["solid", "dashed", "dotted"] as const;

/** Validation score over steps, one line per student and seed; null where no student was validated. */
export function drawLearningCurves(
  curves: readonly Curve[],
  size: Size,
  scoreName: string,
): string | null {
  // A control is validated on a fold of its labels while it is chosen: another scale, another length.
  const shown = curves.filter(({ role }) => role === "student");
  if (shown.length === 0) return null;
  const names = [...new Set(shown.map(({ system }) => system))];
  const most = Math.max(...shown.flatMap(({ points }) => points.map(([step]) => step)));
  return drawChart(
    {
      grid: { left: 44, right: 14, top: 16, bottom: 46 },
      xAxis: {
        ...AXIS,
        type: "value",
        min: 0,
        max: most,
        name: "steps",
        nameLocation: "middle",
        nameGap: 30,
        splitLine: { show: false },
        splitNumber: 4,
        axisLabel: { ...AXIS.axisLabel, formatter: format.count, showMaxLabel: false },
      },
      yAxis: {
        ...AXIS,
        type: "value",
        max: 1,
        scale: true,
        splitNumber: 4,
        axisLabel: { ...AXIS.axisLabel, formatter: (value: number) => format.percent(value, 0) },
      },
      series: shown.map((curve) => drawCurve(curve, names.indexOf(curve.system))),
    },
    size,
    `${scoreName} over steps: ${shown.map(({ system, seed, points }) => `${system} seed ${seed} ends at ${format.percent(points.at(-1)![1])}`).join(", ")}`,
  );
}

function drawCurve({ seed, points }: Curve, place: number): object {
  return {
    type: "line",
    silent: true,
    data: points,
    symbol: points.length < 3 ? "circle" : "none",
    lineStyle: {
      color: COLOURS.student,
      width: 1.8,
      opacity: 0.9 - 0.15 * Math.min(seed, 4),
      type: STROKES[Math.min(place, STROKES.length - 1)]!,
    },
    itemStyle: { color: COLOURS.student },
  };
}
