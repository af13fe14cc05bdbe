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

/** One answer as a row of a format; the logits are not copied. */
export function labelRow(
  { id, logits, extras }: TeacherLabel,
  { width, extras: names }: RowFormat,
): LabelRows {
  if (logits.length !== width)
    throw new RangeError(`Expected ${width} logits of a text, got ${logits.length}.`);
  return {
    ids: [id],
    rows: logits,
    extras: Float32Array.from(names, (name) => extras?.[name] ?? NaN),
  };
}

/** Lays a teacher's answers out as rows of a format. */
export function labelRows(labels: readonly TeacherLabel[], format: RowFormat): LabelRows {
  const { width, extras: names } = format;
  const rows = new Float32Array(labels.length * width);
  const beside = new Float32Array(labels.length * names.length);
  labels.forEach((label, row) => {
    const one = labelRow(label, format);
    rows.set(one.rows, row * width);
    beside.set(one.extras, row * names.length);
  });
  return { ids: labels.map(({ id }) => id), rows, extras: beside };
}
