/** One setting's time per step. */
export interface SpeedPoint {
  /** The varied size. */
  size: number;
  /** Milliseconds per step. */
  ours: number;
  peer: number;
}

export interface SpeedPanel {
  title: string;
  points: readonly SpeedPoint[];
}

export interface SpeedChart {
  title: string;
  /** What stands beneath: the machine, and what holds where nothing else is said. */
  captions: readonly string[];
  peer: string;
  rows: readonly { title: string; panels: readonly SpeedPanel[] }[];
}

const WIDTH = 960;
const LEFT = 44;
const TOP = 74;
const GAP = 26;
const PANEL = { height: 132, head: 46, foot: 34 };

const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; fill: #62676c; }
  .paper { fill: #ffffff } .title { font-size: 17px; font-weight: 650; fill: #1c1f22 }
  .row { font-size: 13px; font-weight: 600; fill: #1c1f22 }
  .rule { stroke: #e3e0d8 } .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .ours { stroke: #0a6e5c } .peer { stroke: #4a4fa3; stroke-dasharray: 5 3 }
  .dot.ours { fill: #0a6e5c } .dot.peer { fill: #ffffff; stroke-dasharray: none; stroke-width: 1.5 }
  text.ours { fill: #0a6e5c; stroke: none } text.peer { fill: #4a4fa3; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #9ba0a5 } .paper { fill: #131518 } .title, .row { fill: #e8e6e1 } .rule { stroke: #2d3136 }
    .ours { stroke: #58c4ab } .peer { stroke: #a3a9ff } .dot.ours { fill: #58c4ab } .dot.peer { fill: #131518 }
    text.ours { fill: #58c4ab } text.peer { fill: #a3a9ff }
  }`;

/**
 * Small multiples of time per step, a row per model and a panel per size that is varied; the time's axis is
 * logarithmic and shared within a row, sizes stand at even distances. A plain SVG that is readable in light and dark.
 */
export function drawSpeedChart({ title, captions, peer, rows }: SpeedChart): string {
  const step = PANEL.height + PANEL.head + PANEL.foot;
  const height = TOP + rows.length * step + captions.length * 18 + 14;
  const parts = [
    `<rect class="paper" width="${WIDTH}" height="${height}" rx="6"/>`,
    text(20, 30, title, "title"),
    legend(peer),
    ...rows.map((row, index) => drawRow(row, TOP + index * step)),
    ...captions.map((line, index) =>
      text(20, height - 14 - 18 * (captions.length - 1 - index), line),
    ),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">`,
    `<style>${STYLE}\n</style>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function legend(peer: string): string {
  return [
    `<line class="line ours" x1="20" y1="50" x2="46" y2="50"/>`,
    `<circle class="dot ours" cx="33" cy="50" r="3"/>`,
    text(53, 54, "Limbeck", "ours"),
    `<line class="line peer" x1="125" y1="50" x2="151" y2="50"/>`,
    `<circle class="dot peer" cx="138" cy="50" r="3"/>`,
    text(158, 54, peer, "peer"),
  ].join("");
}

function drawRow({ title, panels }: SpeedChart["rows"][number], top: number): string {
  const times = panels.flatMap(({ points }) => points.flatMap(({ ours, peer }) => [ours, peer]));
  const range = logarithmicRange(times);
  const width = (WIDTH - LEFT - 20 - GAP * (panels.length - 1)) / panels.length;
  const place = (value: number): number =>
    top + PANEL.head + PANEL.height * (1 - position(value, range));
  const labels = gridValues(range).map((value) =>
    text(LEFT - 7, place(value) + 4, compact(value), "", "end"),
  );
  const drawn = panels.map((panel, index) =>
    drawPanel(panel, { left: LEFT + index * (width + GAP), width, top, place, range }),
  );
  return [text(20, top + 14, title, "row"), ...labels, ...drawn].join("\n");
}

interface Frame {
  left: number;
  width: number;
  top: number;
  place: (value: number) => number;
  range: LogarithmicRange;
}

function drawPanel({ title, points }: SpeedPanel, frame: Frame): string {
  const { left, width, top, place, range } = frame;
  // Room at both sides for the first tick and the last figure.
  const across = (index: number): number =>
    left + 10 + ((width - 40) * index) / Math.max(1, points.length - 1);
  const bottom = top + PANEL.head + PANEL.height;
  const grid = gridValues(range).map((value) => {
    const y = place(value).toFixed(1);
    return `<line class="rule" x1="${left}" x2="${(left + width).toFixed(1)}" y1="${y}" y2="${y}"/>`;
  });
  const ticks = points.map(({ size }, index) =>
    text(across(index), bottom + 16, compact(size), "", "middle"),
  );
  const series = (["peer", "ours"] as const).map((side) => drawSeries(points, side, across, place));
  return [text(left, top + 36, title), ...grid, ...ticks, ...series].join("");
}

function drawSeries(
  points: readonly SpeedPoint[],
  side: "ours" | "peer",
  across: (index: number) => number,
  place: (value: number) => number,
): string {
  const places = points.map((point, index) => ({ x: across(index), y: place(point[side]) }));
  const path = places.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const dots = places.map(
    ({ x, y }) => `<circle class="dot ${side}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3"/>`,
  );
  const last = points.at(-1)!;
  const end = places.at(-1)!;
  const other = place(last[side === "ours" ? "peer" : "ours"]);
  // Two figures that would lie on each other are moved apart.
  const above = end.y < other || (end.y === other && side === "ours");
  const near = Math.max(0, 13 - Math.abs(end.y - other)) / 2;
  const figure = text(end.x + 7, end.y + 4 + (above ? -near : near), compact(last[side]), side);
  return `<polyline class="line ${side}" points="${path}"/>${dots.join("")}${figure}`;
}

export interface LogarithmicRange {
  low: number;
  high: number;
}

/** The nearest of 1, 2, 5 times a power of ten around the values. */
export function logarithmicRange(values: readonly number[]): LogarithmicRange {
  const steps = [-3, -2, -1, 0, 1, 2, 3, 4, 5].flatMap((power) =>
    [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
  );
  const least = Math.min(...values);
  const most = Math.max(...values);
  return {
    low: steps.findLast((step) => step <= least) ?? steps[0]!,
    high: steps.find((step) => step >= most) ?? steps.at(-1)!,
  };
}

function gridValues({ low, high }: LogarithmicRange): number[] {
  const powers = [-3, -2, -1, 0, 1, 2, 3, 4, 5].map((power) => Number(`1e${power}`));
  return [...new Set([low, ...powers.filter((value) => value > low && value < high), high])];
}

function position(value: number, { low, high }: LogarithmicRange): number {
  return Math.log(value / low) / Math.log(high / low);
}

/** 30000 → 30k, 7.25 → 7.3, 132.4 → 132. */
export function compact(value: number): string {
  if (value >= 1000) return `${Number((value / 1000).toPrecision(3))}k`;
  return value >= 10 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

function text(x: number, y: number, content: string, kind = "", anchor = "start"): string {
  const style = kind === "" ? "" : ` class="${kind}"`;
  const side = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${style}${side}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
