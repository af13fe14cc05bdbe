import { describe, expect, it } from "vitest";
import { compact, drawSpeedChart, logarithmicRange } from "../../../bench/training/speed-chart.ts";

const chart = {
  title: "Time <per> step",
  captions: ["two cores"],
  peer: "PyTorch",
  rows: [
    {
      title: "BiLSTM",
      panels: [
        {
          title: "batch",
          points: [
            { size: 8, ours: 1, peer: 100 },
            { size: 16, ours: 10, peer: 10 },
          ],
        },
      ],
    },
  ],
};

function circles(svg: string, side: string): { x: number; y: number }[] {
  // The first one of each side stands in the legend.
  const found = [
    ...svg.matchAll(new RegExp(`<circle class="dot ${side}" cx="(.+?)" cy="(.+?)"`, "g")),
  ];
  return found.slice(1).map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
}

describe("the chart of speed", () => {
  it("places times on a logarithmic axis, the faster lower, sizes from left to right", () => {
    const svg = drawSpeedChart(chart);
    const [first, second] = circles(svg, "ours");
    const [slow, same] = circles(svg, "peer");
    // 1, 10 and 100 ms: equal distances, since each is ten times the other.
    expect(first!.y - second!.y).toBeCloseTo(second!.y - slow!.y, 1);
    expect(first!.y).toBeGreaterThan(slow!.y);
    expect(same).toEqual(second);
    expect(first!.x).toBeLessThan(second!.x);
  });

  it("is well-formed where names hold markup, and has colours for the dark", () => {
    const svg = drawSpeedChart(chart);
    expect(svg).toContain("Time &lt;per> step");
    expect(svg).not.toContain("<per>");
    expect(svg).toContain("prefers-color-scheme: dark");
  });

  it("keeps two figures that are the same apart", () => {
    const figures = [...drawSpeedChart(chart).matchAll(/y="([\d.]+)" class="(?:ours|peer)">10</g)];
    const [one, other] = figures.map(([, y]) => Number(y));
    expect(Math.abs(one! - other!)).toBeGreaterThanOrEqual(12);
  });
});

describe("the axis", () => {
  it.each([
    [[3, 40], { low: 2, high: 50 }],
    [[10, 100], { low: 10, high: 100 }],
    [[0.7, 1234], { low: 0.5, high: 2000 }],
  ])("of %j goes from 1, 2 or 5 to 1, 2 or 5", (values, range) => {
    expect(logarithmicRange(values)).toEqual(range);
  });

  it.each([
    [30_000, "30k"],
    [1250, "1.25k"],
    [132.4, "132"],
    [7.25, "7.3"],
    [2, "2"],
  ])("writes %d as %s", (value, expected) => {
    expect(compact(value)).toBe(expected);
  });
});
