import { shippedBytes } from "../evidence.ts";
import * as format from "../format.ts";
import type { ReportSystem } from "../schema.ts";
import { AXIS, COLOURS, drawChart, type Size } from "./draw.ts";
import { placeLabels, type LabelPlace } from "./label-places.ts";

interface Point {
  name: string;
  role: ReportSystem["role"];
  bytes: number;
  accuracy: number;
  low: number;
  high: number;
}

interface Range {
  min: number;
  max: number;
}

/** Pixels up or down from which on a label needs a line to its point. */
const FAR = 20;

/** Whose label may choose its place first. */
const PRECEDENCE = ["student", "teacher", "control"];

/**
 * Systems that can be drawn: with a size and a score, students first. The commonest class is no rival and would squeeze
 * the rest.
 */
export function findPoints(systems: readonly ReportSystem[]): Point[] {
  const precedence = ({ role }: ReportSystem): number => PRECEDENCE.indexOf(role);
  return systems
    .toSorted((a, b) => precedence(a) - precedence(b))
    .flatMap((system) => {
      const bytes = shippedBytes(system);
      const { accuracy } = system.metrics;
      if (bytes === null || bytes === 0 || accuracy === null || system.kind === "majority")
        return [];
      const { value, low, high } = accuracy;
      const { name, role } = system;
      return [{ name, role, bytes, accuracy: value, low: low ?? value, high: high ?? value }];
    });
}

/** Accuracy with its interval over bytes (log scale), one point per system; null where fewer than two can be drawn. */
export function drawSizeAccuracy(systems: readonly ReportSystem[], size: Size): string | null {
  const points = findPoints(systems);
  if (points.length < 2) return null;
  const x = byteRange(points);
  const y = accuracyRange(points);
  const grid = { left: 44, right: 14, top: 16, bottom: 46 };
  const inner = { width: size.width - 58, height: size.height - 62 };
  const places = placeLabels(
    points.map((point) => ({
      x: ((Math.log10(point.bytes) - x.min) / (x.max - x.min)) * inner.width,
      y: ((y.max - point.accuracy) / (y.max - y.min)) * inner.height,
      above: ((point.high - point.accuracy) / (y.max - y.min)) * inner.height,
      below: ((point.accuracy - point.low) / (y.max - y.min)) * inner.height,
      label: labelOf(point),
    })),
    inner,
  );
  return drawChart(
    {
      grid,
      xAxis: byteAxis(x),
      yAxis: accuracyAxis(y),
      series: points.flatMap((point, index) => [
        drawInterval(point),
        ...drawLeader(point, places[index]!, (y.max - y.min) / inner.height),
        drawPoint(point, places[index]!),
      ]),
    },
    size,
    `Accuracy over size: ${points.map((point) => `${labelOf(point)} in ${format.bytes(point.bytes)}`).join(", ")}`,
  );
}

function labelOf({ name, accuracy }: Point): string {
  return `${name} ${format.percent(accuracy)}`;
}

function drawPoint(point: Point, place: LabelPlace): object {
  return {
    type: "scatter",
    silent: true,
    z: 3,
    data: [[Math.log10(point.bytes), point.accuracy]],
    symbol: point.role === "teacher" ? "diamond" : "circle",
    symbolSize: point.role === "teacher" ? 13 : 10,
    itemStyle: {
      color: point.role === "control" ? COLOURS.paper : COLOURS[point.role],
      borderColor: COLOURS[point.role],
      borderWidth: point.role === "control" ? 1.75 : 0,
      opacity: 1,
    },
    label: {
      show: true,
      ...place,
      distance: 7,
      formatter: labelOf(point),
      color: point.role === "control" ? COLOURS.muted : COLOURS.ink,
      fontWeight: point.role === "control" ? 400 : 600,
      fontFamily: "inherit",
      opacity: 1,
    },
  };
}

function drawInterval({ role, bytes, low, high }: Point): object {
  const x = Math.log10(bytes);
  return {
    type: "line",
    silent: true,
    symbol: "none",
    z: 2,
    data: [
      [x, low],
      [x, high],
    ],
    lineStyle: { color: COLOURS[role], width: 1.5, opacity: 0.55 },
  };
}

/** A line from the point to a label that stands far from it. @param perPixel - accuracy per pixel */
function drawLeader(
  { bytes, accuracy }: Point,
  { offset }: LabelPlace,
  perPixel: number,
): object[] {
  const [, down] = offset;
  if (Math.abs(down) < FAR) return [];
  const x = Math.log10(bytes);
  return [
    {
      type: "line",
      silent: true,
      symbol: "none",
      z: 1,
      data: [
        [x, accuracy],
        [x, accuracy - down * perPixel],
      ],
      lineStyle: { color: COLOURS.muted, width: 1, opacity: 0.6, type: [2, 2] },
    },
  ];
}

function byteAxis({ min, max }: Range): object {
  const ticks: number[] = [];
  for (let power = Math.floor(min); power <= max; power += 1) {
    for (const step of [1, 2, 5]) {
      const at = power + Math.log10(step);
      if (at >= min && at <= max) ticks.push(at);
    }
  }
  return {
    ...AXIS,
    type: "value",
    min,
    max,
    name: "size of what is shipped, log scale",
    nameLocation: "middle",
    nameGap: 30,
    splitLine: { show: false },
    axisLine: { show: true, onZero: false, lineStyle: { color: COLOURS.rule } },
    axisLabel: {
      ...AXIS.axisLabel,
      customValues: ticks,
      formatter: (value: number) => shortBytes(10 ** value),
    },
  };
}

/** `2 MB`, without the decimals of `format.bytes`. */
function shortBytes(value: number): string {
  return format.bytes(Math.round(value)).replace(/\.0+(?= )/, "");
}

function accuracyAxis({ min, max }: Range): object {
  return {
    ...AXIS,
    type: "value",
    min,
    max,
    interval: max - min > 0.3 ? 0.1 : 0.05,
    axisLabel: { ...AXIS.axisLabel, formatter: (value: number) => format.percent(value, 0) },
  };
}

function byteRange(points: readonly Point[]): Range {
  const logs = points.map(({ bytes }) => Math.log10(bytes));
  return { min: Math.min(...logs) - 0.15, max: Math.max(...logs) + 0.15 };
}

/** Rounded outwards to the distance of the ticks. */
function accuracyRange(points: readonly Point[]): Range {
  const low = Math.min(...points.map((point) => point.low));
  const high = Math.max(...points.map((point) => point.high));
  const step = high - low > 0.25 ? 0.1 : 0.05;
  const max = Math.min(1, Math.ceil(high / step + 0.1) * step);
  return { min: Math.max(0, Math.floor(low / step) * step), max };
}
