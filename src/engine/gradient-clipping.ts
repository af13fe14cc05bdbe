import { EngineError } from "./errors.ts";
import { squaredNorm } from "./host/vectors.ts";

export { squaredNorm };

export interface GradientMeasure {
  /** Global L2 norm, before clipping. */
  norm: number;
  /** What every gradient is to be multiplied by, in `(0, 1]`. */
  scale: number;
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
