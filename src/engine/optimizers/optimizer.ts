import { EngineError } from "../errors.ts";
import { allocatePlainly } from "../host/host-memory.ts";

export interface UpdateOptions {
  learningRate: number;
  /** Which update this is, counted from 1. */
  step: number;
  /** Of the parameter that is updated. */
  weightDecay: number;
  /** Multiplies the gradient, e.g. to clip it. Default 1. */
  gradientScale?: number;
}

/** A parameter with its gradient and what the optimizer keeps for it. */
export interface UpdateArrays {
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  /** As many as the optimizer has `stateNames`, each as long as the parameter. */
  readonly state: readonly Float32Array[];
}

/** `count` elements of a parameter and its state from `offset`, and of the gradient from `gradientOffset`. */
export interface UpdateRange {
  offset: number;
  gradientOffset: number;
  count: number;
}

/** Updates a range of a parameter and its state in place: arithmetic in float64, results in float32. */
export type RangeUpdate = (arrays: UpdateArrays, range: UpdateRange) => void;

/** A rule that turns gradients into updates, element by element, on the host. */
export interface Optimizer {
  /** What is kept for each parameter, as PyTorch's state dict names it. */
  readonly stateNames: readonly string[];
  /**
   * The update of one step: its factors are computed once, applied to every element.
   *
   * @throws EngineError `E_STEP` if `step` is not an integer of at least 1.
   */
  prepare(options: UpdateOptions): RangeUpdate;
}

/** Zeros for a parameter of `length` elements. */
export function createState(
  optimizer: Optimizer,
  length: number,
  allocate = allocatePlainly,
): Float32Array[] {
  return optimizer.stateNames.map(() => allocate(length));
}

/** Names of what is kept for a parameter in a saved state, in the order of `stateNames`. */
export function stateNamesOf(optimizer: Optimizer, parameter: string): string[] {
  return optimizer.stateNames.map((name) => `${parameter}.${name}`);
}

/**
 * Updates a whole parameter and its state in place.
 *
 * @throws EngineError `E_SHAPE` if the arrays' lengths differ, `E_STEP` as `prepare`.
 */
export function updateParameter(
  optimizer: Optimizer,
  arrays: UpdateArrays,
  options: UpdateOptions,
): void {
  const count = arrays.parameter.length;
  const lengths = [arrays.gradient, ...arrays.state].map((array) => array.length);
  if (lengths.length !== 1 + optimizer.stateNames.length || lengths.some((one) => one !== count)) {
    throw new EngineError(
      "E_SHAPE",
      `Expected a gradient and ${optimizer.stateNames.length} arrays of state of ${count} elements as the parameter has, got ${lengths.join(", ")}.`,
    );
  }
  optimizer.prepare(options)(arrays, { offset: 0, gradientOffset: 0, count });
}
