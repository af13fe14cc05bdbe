import type { TeacherLabel } from "../types.ts";
import type { RowFormat } from "./rows.ts";

/** Answers as a store takes them. */
export interface LabelRows {
  ids: string[];
  /** `[ids.length, width]` */
  rows: Float32Array;
  /** `[ids.length, format.extras.length]`, NaN where the teacher gave none. */
  extras: Float32Array;
}

/** Lays a teacher's answers out as rows of a format. */
export function labelRows(
  labels: readonly TeacherLabel[],
  { width, extras: names }: RowFormat,
): LabelRows {
  const rows = new Float32Array(labels.length * width);
  const beside = new Float32Array(labels.length * names.length).fill(NaN);
  labels.forEach(({ logits, extras }, row) => {
    if (logits.length !== width)
      throw new RangeError(`Expected ${width} logits of a text, got ${logits.length}.`);
    rows.set(logits, row * width);
    for (const [column, name] of names.entries())
      beside[row * names.length + column] = extras?.[name] ?? NaN;
  });
  return { ids: labels.map(({ id }) => id), rows, extras: beside };
}
