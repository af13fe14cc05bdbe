import { hash, hashText, uniformAt } from "../dropout/counter-random.ts";
import { EngineError } from "../errors.ts";
import type { Initializer } from "../types.ts";

interface Uninitialized {
  name: string;
  shape: readonly number[];
  initializer: Initializer;
}

/** Writes random starting values to the places from `start` up to `end` of a parameter's array. */
export type Drawing = (values: Float32Array, start: number, end: number) => void;

/**
 * How a parameter's starting values are drawn, or null where they are not random. A value depends on the seed, the
 * parameter's name and its place alone, not on the order of parameters or places.
 */
export function drawingOf({ name, initializer }: Uninitialized, seed: number): Drawing | null {
  const stream = hash(seed, hashText(name));
  switch (initializer.kind) {
    case "uniform":
      return (values, start, end) => {
        drawUniform(values, { start, end, stream, limit: initializer.limit });
      };
    case "normal":
      return (values, start, end) => {
        drawNormal(values, { start, end, stream, deviation: initializer.deviation });
      };
    default:
      return null;
  }
}

/**
 * A parameter's starting values.
 *
 * @throws EngineError `E_SHAPE` if given values do not fit the shape.
 */
export function initialValues(parameter: Uninitialized, seed: number): Float32Array {
  const { name, shape, initializer } = parameter;
  const size = shape.reduce((product, count) => product * count, 1);
  if (initializer.kind === "values") {
    if (initializer.values.length === size) return initializer.values.slice();
    throw new EngineError(
      "E_SHAPE",
      `Expected ${size} values for ${name} [${shape.join(", ")}], got ${initializer.values.length}.`,
    );
  }
  const values = new Float32Array(size);
  if (initializer.kind === "ones") values.fill(1);
  drawingOf(parameter, seed)?.(values, 0, size);
  return values;
}

interface Stretch {
  start: number;
  end: number;
  stream: number;
}

// Plain loops: millions of values, of which a call each would be two thirds of the time.

function drawUniform(values: Float32Array, given: Stretch & { limit: number }): void {
  const { start, end, stream, limit } = given;
  for (let place = start; place < end; place += 1) {
    values[place] = limit * (2 * uniformAt(stream, place) - 1);
  }
}

/** Box & Muller (1958). */
function drawNormal(values: Float32Array, given: Stretch & { deviation: number }): void {
  const { start, end, stream, deviation } = given;
  for (let place = start; place < end; place += 1) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformAt(stream, 2 * place)));
    const angle = 2 * Math.PI * uniformAt(stream, 2 * place + 1);
    values[place] = deviation * (radius * Math.cos(angle));
  }
}
