import { EngineError } from "./errors.ts";

export interface GradientMeasure {
  /** Global L2 norm, before clipping. */
  norm: number;
  /** What every gradient is to be multiplied by, in `(0, 1]`. */
  scale: number;
}

/** Sum of squares, in float64 (which the squares of float32 numbers cannot overflow) and in a fixed order. */
export function squaredNorm(values: Float32Array): number {
  // Four sums: the processor need not wait for one addition before it starts the next.
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let index = 0; index < whole; index += 4) {
    a += values[index]! * values[index]!;
    b += values[index + 1]! * values[index + 1]!;
    c += values[index + 2]! * values[index + 2]!;
    d += values[index + 3]! * values[index + 3]!;
  }
  for (let index = whole; index < values.length; index += 1) a += values[index]! * values[index]!;
  return a + b + (c + d);
}

/**
 * Global L2 norm over named gradients (the embedding table's touched rows among them, as
 * `EmbeddingTable.gradient`) and the factor that brings it down to `clipNorm`, as
 * `torch.nn.utils.clip_grad_norm_` does: `min(1, clipNorm / (norm + 1e-6))`.
 * Without `clipNorm` the factor is 1.
 *
 * @throws EngineError `E_NONFINITE` naming the first parameter, in the order given, that holds NaN or infinity.
 */
export function measureGradients(
  gradients: Iterable<readonly [name: string, values: Float32Array]>,
  clipNorm?: number,
): GradientMeasure {
  let sum = 0;
  for (const [name, values] of gradients) {
    const squares = squaredNorm(values);
    if (!Number.isFinite(squares)) throw nonFinite(name, values);
    sum += squares;
  }
  const norm = Math.sqrt(sum);
  return { norm, scale: clipNorm === undefined ? 1 : Math.min(1, clipNorm / (norm + 1e-6)) };
}

function nonFinite(name: string, values: Float32Array): EngineError {
  const index = values.findIndex((value) => !Number.isFinite(value));
  const count = values.reduce((total, value) => total + (Number.isFinite(value) ? 0 : 1), 0);
  return new EngineError(
    "E_NONFINITE",
    `Expected finite gradients, got ${String(values[index])} in ${name}, element ${index} (${count} of ${values.length} elements are not finite). Lower the learning rate, clip gradients, or look for infinite inputs.`,
  );
}
