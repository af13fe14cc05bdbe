import { LimbeckError } from "../../src/errors.ts";
import { suggestion } from "../../src/words/suggest.ts";
import { parseList, show, SUM_TOLERANCE } from "./numbers.ts";
import type { Layout } from "./options.ts";

/** Probabilities below this count as this: their logarithm stays finite. */
const LEAST_PROBABILITY = 1e-7;

/** Numbers that a row of the file stands for, written into `row`. */
export type ReadValues = (values: readonly unknown[], place: string, row: Float32Array) => void;

function error(place: string, expected: string, got: string, cure: string): LimbeckError {
  return new LimbeckError("E_DATA", `${place}: Expected ${expected}, got ${got}. ${cure}`);
}

function readNumber(value: unknown, name: string, place: string): number {
  const blank = typeof value === "string" && value.trim() === "";
  const usable = ["string", "number", "bigint"].includes(typeof value) && !blank;
  const number = usable ? Math.fround(Number(value)) : NaN;
  if (Number.isFinite(number)) return number;
  throw error(place, `a finite number for ${name}`, show(value), "Mend the row or take it out.");
}

/** Checks the probabilities in `row` and puts their logarithms there. */
function takeLogarithms(row: Float32Array, classes: readonly string[], place: string): void {
  let sum = 0;
  row.forEach((value, label) => {
    if (value < 0) {
      throw error(
        place,
        `a probability for ${classes[label]!}`,
        String(Number(value.toPrecision(6))),
        "Probabilities are 0 or more; if these are logits, set teacher.values: logits.",
      );
    }
    sum += value;
  });
  if (Math.abs(sum - 1) > SUM_TOLERANCE) {
    throw error(
      place,
      "probabilities that sum to 1",
      `a sum of ${sum.toFixed(4)}`,
      "Divide each by the sum, or, if these are logits, set teacher.values: logits.",
    );
  }
  row.forEach((value, label) => {
    row[label] = Math.log(Math.max(value, LEAST_PROBABILITY));
  });
}

/** Reads the index of the class that a row names. */
function readLabel(column: string, classes: readonly string[]): ReadValues {
  const indices = new Map(classes.map((name, index) => [name, index]));
  return ([value], place, row) => {
    const name = ["string", "number", "bigint", "boolean"].includes(typeof value)
      ? String(value).trim()
      : "";
    const index = indices.get(name);
    if (index === undefined) {
      const cure = suggestion(name, classes.slice(0, 20), "The data's classes");
      throw error(place, `a class of the data in "${column}"`, show(value), cure);
    }
    row[0] = index;
  };
}

/**
 * How the rows of a file become numbers: logits, logarithms of probabilities with a floor of 1e-7, or, of labels, one
 * class index.
 */
export function valuesReader(
  { source, values }: Layout,
  classes: readonly string[],
): { columns: string[]; width: number; read: ReadValues } {
  if (source.kind === "label")
    return { columns: [source.column], width: 1, read: readLabel(source.column, classes) };
  const finish = (row: Float32Array, place: string): void => {
    if (values === "probabilities") takeLogarithms(row, classes, place);
  };
  if (source.kind === "columns") {
    const { columns } = source;
    return {
      columns,
      width: classes.length,
      read(fields, place, row) {
        columns.forEach((name, label) => {
          row[label] = readNumber(fields[label], `"${name}"`, place);
        });
        finish(row, place);
      },
    };
  }
  const { column, order } = source;
  return {
    columns: [column],
    width: classes.length,
    read([value], place, row) {
      const list = parseList(value);
      if (list?.length !== classes.length) {
        const got = list === null ? show(value) : `${list.length}`;
        const cure = "Mend the row or take it out.";
        throw error(place, `a list of ${classes.length} numbers in "${column}"`, got, cure);
      }
      order.forEach((at, label) => {
        row[label] = readNumber(list[at], classes[label]!, place);
      });
      finish(row, place);
    },
  };
}

/** Logits of a hard label, `log((1 − s) · [c = label] + s / C)` (label smoothing: Szegedy et al. 2016, §7), `[C]`. */
export function smoothedLogits(label: number, classes: number, smoothing: number): Float32Array {
  const other = smoothing / classes;
  return Float32Array.from({ length: classes }, (_, index) =>
    Math.log(index === label ? 1 - smoothing + other : other),
  );
}
