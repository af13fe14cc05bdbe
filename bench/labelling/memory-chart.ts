import { init } from "echarts";
import type { MemorySample } from "../peak-memory.ts";

export interface MemoryChart {
  title: string;
  /** The machine. */
  caption: string;
  samples: readonly MemorySample[];
  /** The most that is accepted, in megabytes. */
  limit: number;
}

const MUTED = "#62676c";

/** Memory in megabytes over minutes, with the limit as a dashed line, as SVG on white. */
export function drawMemoryChart({ title, caption, samples, limit }: MemoryChart): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: 800, height: 356 });
  const points = samples.map(({ seconds, bytes }) => [seconds / 60, bytes / 1e6]);
  chart.setOption({
    backgroundColor: "#ffffff",
    animation: false,
    title: { text: title, subtext: caption, left: 20, top: 12, textStyle: { fontSize: 16 } },
    grid: { left: 70, right: 90, top: 96, bottom: 50 },
    xAxis: { type: "value", name: "minutes", nameLocation: "middle", nameGap: 28 },
    yAxis: { type: "value", name: "MB", min: 0, max: Math.ceil((limit * 1.1) / 100) * 100 },
    series: [
      {
        type: "line",
        data: points,
        showSymbol: false,
        lineStyle: { width: 2, color: "#0a6e5c" },
        markLine: {
          silent: true,
          symbol: "none",
          lineStyle: { color: MUTED, type: "dashed" },
          label: { formatter: `limit ${limit} MB`, color: MUTED },
          data: [{ yAxis: limit }],
        },
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}
