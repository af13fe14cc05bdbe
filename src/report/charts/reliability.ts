import type { ReliabilityBin } from "../../evaluation/scores.ts";
import * as format from "../format.ts";
import { AXIS, COLOURS, drawChart, type Size } from "./draw.ts";

/**
 * Reliability diagram: accuracy over mean confidence, one point per bin, its area the share of the texts; on the
 * diagonal confidence is honest, below it the system is too sure.
 */
export function drawReliability(
  bins: readonly ReliabilityBin[],
  role: "teacher" | "student" | "control",
  size: Size,
): string {
  const filled = bins.filter(({ texts }) => texts > 0);
  const total = filled.reduce((sum, { texts }) => sum + texts, 0);
  const points = filled.map(({ confidence, accuracy, texts }) => ({
    value: [confidence!, accuracy!],
    symbolSize: Math.max(4, 30 * Math.sqrt(texts / total)),
  }));
  return drawChart(
    {
      grid: { left: 40, right: 18, top: 18, bottom: 42 },
      xAxis: { ...shareAxis, name: "confidence", nameLocation: "middle", nameGap: 26 },
      yAxis: shareAxis,
      series: [
        {
          type: "line",
          silent: true,
          symbol: "none",
          data: [
            [0, 0],
            [1, 1],
          ],
          lineStyle: { color: COLOURS.muted, width: 1, type: [4, 4] },
        },
        {
          type: "line",
          silent: true,
          symbol: "none",
          data: points.map(({ value }) => value),
          lineStyle: { color: COLOURS[role], width: 1.5, opacity: 0.6 },
        },
        {
          type: "scatter",
          silent: true,
          data: points,
          itemStyle: { color: COLOURS[role], opacity: 0.75 },
        },
      ],
    },
    size,
    `Accuracy by confidence: ${filled.map((bin) => `${format.percent(bin.confidence!, 0)} sure, ${format.percent(bin.accuracy!, 0)} right (${bin.texts} texts)`).join("; ")}`,
  );
}

const shareAxis = {
  ...AXIS,
  type: "value",
  min: 0,
  max: 1,
  interval: 0.25,
  axisLabel: { ...AXIS.axisLabel, formatter: (value: number) => format.percent(value, 0) },
} as const;
