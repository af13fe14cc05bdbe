export interface LabelledPoint {
  /** Pixels from the left and top edges. */
  x: number;
  y: number;
  /** Pixels that the point's interval reaches up and down. */
  above: number;
  below: number;
  label: string;
}

/** Where a label stands: beside its point, and how far it is moved from there, right and down. */
export interface LabelPlace {
  position: "right" | "left" | "top" | "bottom";
  offset: [number, number];
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Width of a character and height of a line at 12 px, and the distance of a label from its point. */
const CHARACTER = 7.4;
const LINE = 15;
const GAP = 10;
/** Half the space that a point itself takes. */
const POINT = 7;

/** In the order of preference: beside the point, above and below it, then further and further up and down beside it. */
const PLACES: readonly LabelPlace[] = [
  { position: "right", offset: [0, 0] },
  { position: "left", offset: [0, 0] },
  { position: "top", offset: [0, 0] },
  { position: "bottom", offset: [0, 0] },
  ...[14, 22, 30, 38, 46].flatMap((down): LabelPlace[] => [
    { position: "right", offset: [-6, -down] },
    { position: "right", offset: [-6, down] },
    { position: "left", offset: [6, -down] },
    { position: "left", offset: [6, down] },
  ]),
];

/**
 * Puts each label where it covers no other point, interval or label and stays in the frame, as near as can be; in a
 * crowd it may cover an interval, and only then something else. Labels of the first points choose first.
 */
export function placeLabels(
  points: readonly LabelledPoint[],
  frame: { width: number; height: number },
): LabelPlace[] {
  const symbols = points.map(({ x, y }) => around(x, y, POINT, POINT));
  const intervals = points.map(({ x, y, above, below }) => ({
    ...around(x, y, 2, 0),
    top: y - above,
    bottom: y + below,
  }));
  const labels: Box[] = [];
  return points.map((point, index) => {
    const others = <Kind>(all: readonly Kind[]): Kind[] => all.filter((_, at) => at !== index);
    const solid = [...others(symbols), ...labels];
    const chosen =
      findPlace(point, [...solid, ...others(intervals)], frame) ??
      findPlace(point, solid, frame) ??
      PLACES[0]!;
    labels.push(boxOf(point, chosen));
    return chosen;
  });
}

function findPlace(
  point: LabelledPoint,
  taken: readonly Box[],
  frame: { width: number; height: number },
): LabelPlace | undefined {
  return PLACES.find((place) => {
    const box = boxOf(point, place);
    const inside =
      box.left >= 0 && box.right <= frame.width && box.top >= -LINE && box.bottom <= frame.height;
    return inside && !taken.some((other) => overlap(box, other));
  });
}

function around(x: number, y: number, width: number, height: number): Box {
  return { left: x - width, right: x + width, top: y - height, bottom: y + height };
}

function boxOf({ x, y, label }: LabelledPoint, { position, offset }: LabelPlace): Box {
  const width = label.length * CHARACTER;
  const beside = position === "right" || position === "left";
  const left =
    position === "right" ? x + GAP : position === "left" ? x - GAP - width : x - width / 2;
  const top = beside ? y - LINE / 2 : position === "top" ? y - GAP - LINE : y + GAP;
  const [right, down] = offset;
  return {
    left: left + right,
    right: left + right + width,
    top: top + down,
    bottom: top + down + LINE,
  };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
