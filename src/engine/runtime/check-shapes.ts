import { EngineError } from "../errors.ts";
import type { Dimension, TensorSpec } from "../types.ts";
import { sizeOf } from "../shape.ts";

interface HostArray {
  shape: readonly number[];
  data: ArrayLike<number>;
}

const print = (shape: readonly Dimension[]) => `[${shape.join(", ")}]`;

/**
 * Checks that every input is there, has as many elements as its shape says, and that all agree on `B` and `L`.
 *
 * @throws EngineError `E_SHAPE` naming the input.
 */
export function checkShapes(
  specs: Readonly<Record<string, TensorSpec>>,
  inputs: Readonly<Record<string, HostArray>>,
): void {
  const known = new Map<Dimension, number>();
  for (const [name, spec] of Object.entries(specs)) {
    const input = inputs[name];
    if (!input) {
      throw new EngineError("E_SHAPE", `Expected an input ${name} ${print(spec.shape)}, got none.`);
    }
    const count = sizeOf(input.shape);
    const fits =
      input.shape.length === spec.shape.length &&
      input.data.length === count &&
      spec.shape.every((dimension, axis) => {
        const size = input.shape[axis]!;
        if (typeof dimension === "number") return size === dimension;
        if (!known.has(dimension)) known.set(dimension, size);
        return known.get(dimension) === size;
      });
    if (!fits) {
      const sizes = [...known].map(([symbol, size]) => `${symbol} = ${size}`).join(", ");
      throw new EngineError(
        "E_SHAPE",
        `Expected ${name} of shape ${print(spec.shape)}${sizes ? ` with ${sizes}` : ""}, got ${print(input.shape)} with ${input.data.length} elements.`,
      );
    }
  }
}
