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
      return uniformValues(size, stream, initializer.limit);
    case "normal":
      return normalValues(size, stream, initializer.deviation);
    case "values":
      if (initializer.values.length === size) return initializer.values.slice();
      throw new EngineError(
        "E_SHAPE",
        `Expected ${size} values for ${name} [${shape.join(", ")}], got ${initializer.values.length}.`,
      );
  }
}

// Plain loops: millions of values, of which a call each would be two thirds of the time.

function uniformValues(size: number, stream: number, limit: number): Float32Array {
  const values = new Float32Array(size);
  for (let place = 0; place < size; place += 1) {
    values[place] = limit * (2 * uniformAt(stream, place) - 1);
  }
  return values;
}

/** Box & Muller (1958). */
function normalValues(size: number, stream: number, deviation: number): Float32Array {
  const values = new Float32Array(size);
  for (let place = 0; place < size; place += 1) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformAt(stream, 2 * place)));
    const angle = 2 * Math.PI * uniformAt(stream, 2 * place + 1);
    values[place] = deviation * (radius * Math.cos(angle));
  }
  return values;
}
