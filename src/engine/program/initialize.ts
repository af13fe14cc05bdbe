import { hash, hashText, uniformAt } from "../dropout/counter-random.ts";
import { EngineError } from "../errors.ts";
import { allocatePlainly } from "../host/host-memory.ts";
import type { Initializer } from "../types.ts";
import { sizeOf } from "../shape.ts";

interface Uninitialized {
  name: string;
  shape: readonly number[];
  initializer: Initializer;
}

/**
 * A parameter's starting values. Random kinds depend on the seed and the parameter's name alone, not on the order of
 * parameters.
 *
 * @param allocate - gives the array that they are written to.
 * @throws EngineError `E_SHAPE` if given values do not fit the shape.
 */
export function initialValues(
  parameter: Uninitialized,
  seed: number,
  allocate = allocatePlainly,
): Float32Array {
  const { name, shape, initializer } = parameter;
  const size = sizeOf(shape);
  const values = allocate(size);
  const stream = hash(seed, hashText(name));
  switch (initializer.kind) {
    case "zeros":
      break;
    case "ones":
      values.fill(1);
      break;
    case "uniform":
      drawUniform(values, stream, initializer.limit);
      break;
    case "normal":
      drawNormal(values, stream, initializer.deviation);
      break;
    case "values":
      if (initializer.values.length !== size) {
        throw new EngineError(
          "E_SHAPE",
          `Expected ${size} values for ${name} [${shape.join(", ")}], got ${initializer.values.length}.`,
        );
      }
      values.set(initializer.values);
      break;
  }
  return values;
}

// Plain loops: of millions of values, a call each would be a large part of the time.

function drawUniform(values: Float32Array, stream: number, limit: number): void {
  for (let place = 0; place < values.length; place += 1) {
    values[place] = limit * (2 * uniformAt(stream, place) - 1);
  }
}

/** Box & Muller (1958). */
function drawNormal(values: Float32Array, stream: number, deviation: number): void {
  for (let place = 0; place < values.length; place += 1) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformAt(stream, 2 * place)));
    const angle = 2 * Math.PI * uniformAt(stream, 2 * place + 1);
    values[place] = deviation * (radius * Math.cos(angle));
  }
}
