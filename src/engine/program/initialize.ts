import { hash, hashText, uniformAt } from "../dropout/counter-random.ts";
import { EngineError } from "../errors.ts";
import type { Initializer } from "../types.ts";

interface Uninitialized {
  name: string;
  shape: readonly number[];
  initializer: Initializer;
}

/**
 * A parameter's starting values. Random kinds depend on the seed and the parameter's name alone, not on the order of
 * parameters.
 *
 * @throws EngineError `E_SHAPE` if given values do not fit the shape.
 */
export function initialValues(parameter: Uninitialized, seed: number): Float32Array {
  const { name, shape, initializer } = parameter;
  const size = shape.reduce((product, count) => product * count, 1);
  const stream = hash(seed, hashText(name));
  switch (initializer.kind) {
    case "zeros":
      return new Float32Array(size);
    case "ones":
      return new Float32Array(size).fill(1);
    case "uniform":
      return fill(size, (place) => initializer.limit * (2 * uniformAt(stream, place) - 1));
    case "normal":
      return fill(size, (place) => initializer.deviation * normalAt(stream, place));
    case "values":
      if (initializer.values.length === size) return initializer.values.slice();
      throw new EngineError(
        "E_SHAPE",
        `Expected ${size} values for ${name} [${shape.join(", ")}], got ${initializer.values.length}.`,
      );
  }
}

function fill(size: number, value: (place: number) => number): Float32Array {
  return Float32Array.from({ length: size }, (_, place) => value(place));
}

/** Standard normal (Box & Muller 1958). */
function normalAt(stream: number, place: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniformAt(stream, 2 * place)));
  return radius * Math.cos(2 * Math.PI * uniformAt(stream, 2 * place + 1));
}
