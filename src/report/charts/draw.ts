import { LineChart, ScatterChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { init, use, type EChartsCoreOption } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, ScatterChart, GridComponent, SVGRenderer]);

/** Colours are the page's own variables, so that one drawing serves light, dark and print. */
export const COLOURS = {
  ink: "var(--ink)",
  muted: "var(--muted)",
  rule: "var(--rule)",
  paper: "var(--paper)",
  teacher: "var(--teacher)",
  student: "var(--student)",
  control: "var(--control)",
} as const;

export interface Size {
  width: number;
  height: number;
}

const FONT = { fontFamily: "inherit", fontSize: 12, color: COLOURS.muted };

/** Settings that every axis shares: thin rules, no ticks, small grey labels. */
export const AXIS = {
  axisLine: { show: false },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: COLOURS.rule, width: 1 } },
  axisLabel: FONT,
  nameTextStyle: FONT,
} as const;

/**
 * Draws a chart as SVG without a browser.
 *
 * @param label - what a screen reader says instead of the picture
 */
export function drawChart(option: EChartsCoreOption, size: Size, label: string): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  try {
    chart.setOption({ animation: false, textStyle: FONT, ...option });
    return tidy(chart.renderToSVGString(), label);
  } finally {
    chart.dispose();
  }
}

/** Takes out what only an interactive chart needs, and names the picture. */
function tidy(svg: string, label: string): string {
  const name = label.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return svg
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(
      / (?:class|ecmeta_[a-z_]+|pointer-events|xmlns:xlink|version|baseProfile)="[^"]*"/g,
      "",
    )
    .replace(/<rect[^>]*fill="none"><\/rect>/, "")
    .replace(/\n\s*/g, "")
    .replace("<svg ", `<svg role="img" aria-label="${name}" `);
}
