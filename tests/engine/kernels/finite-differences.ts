import { expect } from "vitest";
import type { CompiledFunction, NamedArray } from "../../../src/engine/index.ts";

type Arrays = Parameters<CompiledFunction["run"]>[0];

const WIDTH = 1 / 64;
/** Relative error of one float32 operation; a case is a chain of a few, each off by a unit or two. */
const ROUNDING = 8 * 2 ** -24;

/** Half the sum of squares of `value`, summed in float64. */
async function objective(compiled: CompiledFunction, arrays: Arrays): Promise<number> {
  const { value } = await compiled.run(arrays);
  return value!.data.reduce((sum, element) => sum + (element * element) / 2, 0);
}

/** Central difference `(f(x + width) - f(x - width)) / 2 width`. */
async function slope(
  compiled: CompiledFunction,
  arrays: Arrays,
  { data, place, width }: { data: Float32Array; place: number; width: number },
): Promise<number> {
  const middle = data[place]!;
  data[place] = middle + width;
  const above = await objective(compiled, arrays);
  data[place] = middle - width;
  const below = await objective(compiled, arrays);
  data[place] = middle;
  return (above - below) / (2 * width);
}

/**
 * Compares `gradient of NAME` with central differences of half the sum of squares of `value`.
 *
 * With error terms `c·h²`, the differences of widths `h` and `2h` are apart by `3·c·h²`, three times the error of the
 * first; rounding adds the objective's own, over the width. The sum of both is the tolerance, so a place beside a kink
 * is let off by itself; that all are is an error.
 */
export async function checkFiniteDifferences(
  compiled: CompiledFunction,
  arrays: Arrays,
  names: readonly string[],
): Promise<void> {
  const results = await compiled.run(arrays);
  const size = Math.abs(await objective(compiled, arrays));
  for (const name of names) {
    const { data } = arrays[name] as NamedArray;
    const gradient = results[`gradient of ${name}`]!.data;
    let sharp = 0;
    const places = new Set([0, Math.floor(data.length / 2), data.length - 1]);
    for (const place of places) {
      const narrow = await slope(compiled, arrays, { data, place, width: WIDTH });
      const wide = await slope(compiled, arrays, { data, place, width: 2 * WIDTH });
      const tolerance = Math.abs(wide - narrow) + (ROUNDING * Math.max(1, size)) / WIDTH;
      const difference = Math.abs(gradient[place]! - narrow);
      expect(difference, `gradient of ${name}[${place}]`).toBeLessThanOrEqual(tolerance);
      if (tolerance < 0.05 * (1 + Math.abs(narrow))) sharp += 1;
    }
    expect(sharp, `places of ${name} where the comparison is sharp`).toBeGreaterThan(0);
  }
}
